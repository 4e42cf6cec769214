// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_options.h"

#include <CLI/CLI.hpp>

namespace chos::ctl {
namespace {

constexpr const char* footer = R"(Sources:
  debian:SUITE[/ARCH]          a Debian release, by mmdebstrap
  rpm:REPOFILE[#PACKAGE...]    packages of a .repo file, by dnf, or by rpm alone
  tar:FILE                     an archive of a tree, compressed in any way
  oci:ARCHIVE, oci:LAYOUT[:TAG]  a container image: docker save, OCI archive or layout
  dir:PATH                     a tree that is there, such as one on NFS; it is not copied
  image:FILE                   a squashfs or erofs image; copied, and mounted once

Examples:
  chosctl os add trixie debian:trixie
  chosctl os add el9 rpm:/etc/yum.repos.d/el9.repo#bash,coreutils,gcc --group hep
  chosctl os add tools oci:/srv/tools.tar --max-size 20G
  chosctl os list
  chosctl os replace trixie                 made anew as before; who is inside keeps the old one
  chosctl os rollback trixie
  chosctl os close el9 && chosctl os remove el9
  chosctl os base trixie sudo ping          the base's patched ones, by chos-base(1)
  chosctl os pack trixie /srv/trixie.squashfs

Exit status: 0 done; 1 it failed or was refused, also for a NAME, SOURCE or SIZE that is none, or verify
found differences; 2 the command line was not understood.)";

// `replace` without a SOURCE makes the tree anew as it was made, so options go with a SOURCE.
void add_build_options(CLI::App& command, OsOptions& options, bool needs_source) {
  command.add_option("NAME", options.name, "Of the OS, as users write it")->required();
  auto* source = command.add_option("SOURCE", options.source,
                                    needs_source ? "See: chosctl os --help"
                                                 : "See: chosctl os --help; if none is given, that "
                                                   "of its tree, with the options it was made with");
  source->required(needs_source);
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->needs(source)->allow_extra_args(false);
  };
  add("--max-size", options.max_size, "Refuse what is bigger unpacked, such as 20G (64G if not given)")
      ->type_name("SIZE");
  command
      .add_flag("--drop-devices", options.build.drop_devices,
                "tar, oci: leave device nodes out instead of refusing the archive")
      ->needs(source);
  add("--include", options.build.include, "debian: more packages; may be repeated")
      ->type_name("PACKAGE")
      ->delimiter(',');
  add("--variant", options.build.variant, "debian: of mmdebstrap, such as minbase (important if not given)")
      ->type_name("VARIANT");
  add("--mirror", options.build.mirrors,
      "debian: not those that apt uses here; may be repeated, for the security updates")
      ->type_name("URL");
  command
      .add_flag("--allow-expired", options.build.expired_ok,
                "debian: take a suite whose Release file is past its date")
      ->needs(source);
  add("--releasever", options.build.releasever, "rpm: what $releasever of the .repo file stands for")
      ->type_name("RELEASE");
}

}  // namespace

OsCommandLine::OsCommandLine(CLI::App& app, OsOptions& options) {
  os_ = app.add_subcommand("os", "OSs from their sources: add, list, replace, remove ...");
  os_->require_subcommand(1);
  os_->footer(footer);
  const auto add = [&](const char* name, OsCommand command, const char* what) {
    auto* sub = os_->add_subcommand(name, what);
    sub->footer(footer);
    sub->add_flag("--json", options.json, "Print JSON");
    sub->callback([&options, command] { options.command = command; });
    return sub;
  };
  auto* make = add("add", OsCommand::add, "Make an OS of a source and let users enter it");
  add_build_options(*make, options, true);
  make->add_flag("--closed", options.closed, "Let nobody enter yet");
  make->add_flag("--suid", options.suid, "Let its setuid programs give rights (think twice)");
  make->add_option("--group", options.groups, "Only for its members; may be repeated")
      ->type_name("GROUP")
      ->delimiter(',')
      ->allow_extra_args(false);
  add("list", OsCommand::list, "The OSs, with release, size, source, state and who is inside");
  const auto named = [&](const char* name, OsCommand command, const char* what) {
    auto* sub = add(name, command, what);
    sub->add_option("NAME", options.name, "Of the OS")->required();
    return sub;
  };
  named("show", OsCommand::show, "All about one of them, its setuid programs too");
  add("verify", OsCommand::verify, "Compare trees with what they were when they were published")
      ->add_option("NAME", options.names, "All that chosctl has made if none is given");
  named("close", OsCommand::close, "Nobody new enters; who is inside stays");
  named("open", OsCommand::open, "Users may enter again");
  named("default", OsCommand::set_default, "The OS of those who choose none; base: none is");
  auto* replace =
      add("replace", OsCommand::replace, "A new tree under the name; who is inside keeps the old one");
  add_build_options(*replace, options, false);
  named("rollback", OsCommand::rollback, "Back to the tree before");
  named("remove", OsCommand::remove, "Take it from the list and delete its trees, if it is empty");
  auto* base =
      named("base", OsCommand::base, "These commands run in the base OS, also where the tree has its own");
  base->add_option("COMMAND", options.commands, "Such as sudo; the present ones if none is given");
  base->add_flag("--remove", options.take_back, "Not any more");
  auto* pack = named("pack", OsCommand::pack, "Make an image of its tree, for image:FILE");
  pack->add_option("FILE", options.file, "The new image")->required();
  auto* squashfs = pack->add_flag("--squashfs")->description("A squashfs image (it is one if none is said)");
  pack->add_flag("--erofs", options.erofs, "An erofs image")->excludes(squashfs);
}

bool OsCommandLine::parsed() const { return os_->parsed(); }

}  // namespace chos::ctl
