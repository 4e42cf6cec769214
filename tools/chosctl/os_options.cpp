// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/os_options.h"

#include <CLI/CLI.hpp>

namespace chos::ctl {
namespace {

// `replace` without a SOURCE makes the tree again with its old options, so options need a SOURCE.
void add_build_options(CLI::App& command, OsOptions& options, bool needs_source) {
  command.add_option("NAME", options.name, "Name of the OS, as users write it")->required();
  auto* source = command.add_option(
      "SOURCE", options.source,
      needs_source ? "See below" : "See below (default: the source and options that its tree was made with)");
  source->required(needs_source);
  const auto add = [&](const char* name, auto& value, const char* what) {
    return command.add_option(name, value, what)->needs(source)->allow_extra_args(false);
  };
  const auto flag = [&](const char* name, bool& value, const char* what) {
    command.add_flag(name, value, what)->needs(source);
  };
  add("--max-size", options.max_size, "Refuse a source that is bigger unpacked, such as 20G (default: 64G)")
      ->type_name("SIZE");
  flag("--drop-devices", options.build.drop_devices,
       "tar, oci: leave device nodes out instead of refusing the archive");
  flag("--allow-writable", options.build.allow_writable,
       "Publish a tree even if others than root can change its programs, libraries or configuration");
  add("--include", options.build.include, "debian: more packages; may be repeated")
      ->type_name("PACKAGE")
      ->delimiter(',');
  add("--variant", options.build.variant, "debian: mmdebstrap's, such as minbase (default: important)")
      ->type_name("VARIANT");
  add("--mirror", options.build.mirrors,
      "debian: instead of those that apt uses here; may be repeated, for the security updates")
      ->type_name("URL");
  flag("--allow-expired", options.build.expired_ok, "debian: accept a suite whose Release file has expired");
  add("--releasever", options.build.releasever, "rpm: the value of $releasever in the .repo file")
      ->type_name("RELEASE");
  flag("--no-signatures", options.build.unsigned_ok,
       "rpm: accept packages that are not signed (think twice)");
}

}  // namespace

CLI::App* add_os_options(CLI::App& app, OsOptions& options) {
  auto* os = app.add_subcommand("os", "Add, list, replace and remove OSs ...");
  os->require_subcommand(1);
  const auto add = [&](const char* name, OsCommand command, const char* what) {
    auto* sub = os->add_subcommand(name, what);
    sub->add_flag("--json", options.json, "Print JSON");
    sub->callback([&options, command] { options.command = command; });
    return sub;
  };
  const auto named = [&](const char* name, OsCommand command, const char* what) {
    auto* sub = add(name, command, what);
    sub->add_option("NAME", options.name, "Name of the OS")->required();
    return sub;
  };
  auto* make = add("add", OsCommand::add, "Make an OS from a source and let users enter it");
  add_build_options(*make, options, true);
  make->add_flag("--closed", options.closed, "Let nobody enter yet");
  make->add_flag("--suid", options.suid, "Let its setuid programs grant privileges (think twice)");
  make->add_option("--group", options.groups, "Let only its members enter; may be repeated")
      ->type_name("GROUP")
      ->delimiter(',')
      ->allow_extra_args(false);
  add("list", OsCommand::list, "Show the OSs with release, size, source, state, users and processes");
  named("show", OsCommand::show, "Show all about one OS, including its setuid programs");
  add("verify", OsCommand::verify, "Compare trees with their state when they were published")
      ->add_option("NAME", options.names, "OSs (default: all whose trees chosctl made)");
  named("close", OsCommand::close, "Let nobody enter; processes that are in it stay");
  named("open", OsCommand::open, "Let users enter again");
  named("default", OsCommand::set_default, "Set the OS of users who choose none; base: the base OS");
  add_build_options(*add("replace", OsCommand::replace,
                         "Publish a new tree under the name; processes in the old one keep it"),
                    options, false);
  named("rollback", OsCommand::rollback, "Return to the previous tree");
  named("remove", OsCommand::remove, "Take it from the list and delete its trees, if no process is in it");
  auto* base = named("base", OsCommand::base,
                     "Run these commands in the base OS, even if the tree has its own of that name");
  base->add_option("COMMAND", options.commands, "Such as sudo; without one the present ones are shown");
  base->add_flag("--remove", options.take_back, "Run them in the OS again");
  auto* pack = named("pack", OsCommand::pack, "Make an image of its tree, for image:FILE");
  pack->add_option("FILE", options.file, "The new image")->required();
  auto* squashfs = pack->add_flag("--squashfs")->description("A squashfs image (the default)");
  pack->add_flag("--erofs", options.erofs, "An erofs image")->excludes(squashfs);
  return os;
}

}  // namespace chos::ctl
