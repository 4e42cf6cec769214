// SPDX-License-Identifier: BSD-3-Clause
#include "chosctl/help.h"

#include <algorithm>
#include <map>
#include <vector>

namespace chos::ctl {
namespace {

struct Example {
  std::string line;  // what an administrator types
  std::string what;  // what it does
};

// By command; those of a group of commands give an overview.
const std::map<std::string, std::vector<Example>> examples{
    {"",
     {{"chosctl up", "make the node ready for OSs; a second run changes nothing"},
      {"chosctl os add trixie debian:trixie", "add an OS; see: chosctl os --help"},
      {"chosctl status", "show the OSs and the processes in them"},
      {"chosctl reload", "apply a change of /etc/chos, chos.conf or a tree"},
      {"chosctl doctor", "find problems and their remedies"},
      {"chosctl pam enable sshd su", "let logins by ssh and su enter the user's OS"},
      {"chosctl batch enable slurm", "run jobs in the OS of their submitter"},
      {"chosctl down", "return to a node without OSs"}}},
    {"up",
     {{"chosctl up", "make the node ready for OSs; a second run changes nothing"},
      {"chosctl up --module ./chos.ko", "load a module that is not installed"}}},
    {"down",
     {{"chosctl down", "return to a node without OSs, if no process is in one"},
      {"chosctl down --force", "close the farm even while processes are in an OS"},
      {"chosctl down --keep-module", "unmount the farm only"}}},
    {"reload", {{"chosctl reload", "apply a change of /etc/chos, chos.conf or a tree"}}},
    {"watch", {{"chosctl watch", "reload whenever a tree appears or disappears, until a signal"}}},
    {"status",
     {{"chosctl status", "show module, farm, OSs and their processes"},
      {"chosctl status --json", "the same for a program"}}},
    {"doctor",
     {{"chosctl doctor", "find problems and their remedies"},
      {"chosctl doctor --json", "the same for a program"}}},
    {"metrics", {{"chosctl metrics >chos.prom", "write a file for node_exporter's textfile collector"}}},
    {"pam",
     {{"chosctl pam enable sshd su", "let logins by ssh and su enter the user's OS"},
      {"chosctl pam status", "show which services switch sessions"},
      {"chosctl pam disable su", "keep logins by su in the base OS again"}}},
    {"pam enable",
     {{"chosctl pam enable sshd su", "let logins by ssh and su enter the user's OS"},
      {"chosctl pam enable sshd --deny", "refuse a login whose OS cannot be entered"},
      {"chosctl pam enable sshd --option min_uid=1000", "leave system accounts in the base OS"}}},
    {"pam disable", {{"chosctl pam disable su", "keep logins by su in the base OS again"}}},
    {"pam status",
     {{"chosctl pam status", "show the services that people log in by"},
      {"chosctl pam status sshd --json", "show one service, for a program"}}},
    {"batch",
     {{"chosctl batch enable slurm", "run jobs in the OS of their submitter"},
      {"chosctl batch status", "show the batch systems of this node"},
      {"chosctl batch disable slurm", "run jobs in the base OS again"}}},
    {"batch enable",
     {{"chosctl batch enable slurm", "run jobs in the OS of their submitter"},
      {"chosctl batch enable sge --queue all.q", "only the jobs of one queue"},
      {"chosctl batch enable condor --directory /opt/condor/etc", "with its configuration there"}}},
    {"batch disable",
     {{"chosctl batch disable slurm", "run jobs in the base OS again"},
      {"chosctl batch disable sge --queue all.q", "only the jobs of one queue"}}},
    {"batch status",
     {{"chosctl batch status", "show the batch systems of this node"},
      {"chosctl batch status slurm --json", "show one of them, for a program"}}},
    {"os",
     {{"chosctl os add trixie debian:trixie", "make an OS and let users enter it"},
      {"chosctl os list", "show all OSs"},
      {"chosctl os replace trixie", "make its tree again, from the same source"},
      {"chosctl os rollback trixie", "return to the previous tree"},
      {"chosctl os close el9", "let nobody enter it any more"},
      {"chosctl os remove el9", "delete it, if no process is in it"}}},
    {"os add",
     {{"chosctl os add trixie debian:trixie", "a Debian release"},
      {"chosctl os add el9 rpm:el9.repo#bash,gcc --group hep", "RPM packages, for one group"},
      {"chosctl os add tools oci:/srv/tools.tar --max-size 20G", "a container image"},
      {"chosctl os add sl6 dir:/nfs/sl6 --closed", "a tree that exists, not open yet"}}},
    {"os list", {{"chosctl os list", "show all OSs"}, {"chosctl os list --json", "the same for a program"}}},
    {"os show", {{"chosctl os show trixie", "show its source, tree, processes and setuid programs"}}},
    {"os verify",
     {{"chosctl os verify", "compare all trees that chosctl made with their manifests"},
      {"chosctl os verify trixie", "compare one tree"}}},
    {"os close", {{"chosctl os close el9", "let nobody enter it; processes in it stay"}}},
    {"os open", {{"chosctl os open el9", "let users enter it again"}}},
    {"os default",
     {{"chosctl os default trixie", "the OS of users who choose none"},
      {"chosctl os default base", "leave such users in the base OS"}}},
    {"os replace",
     {{"chosctl os replace trixie", "make its tree again, from the same source"},
      {"chosctl os replace trixie tar:trixie-2.tar.xz", "make its tree from another source"}}},
    {"os rollback", {{"chosctl os rollback trixie", "return to the previous tree"}}},
    {"os remove", {{"chosctl os remove el9", "delete it, if no process is in it"}}},
    {"os pack",
     {{"chosctl os pack trixie /srv/trixie.squashfs", "a squashfs image"},
      {"chosctl os pack trixie /srv/trixie.erofs --erofs", "an erofs image"}}},
    {"os base",
     {{"chosctl os base trixie sudo ping", "run these two of the base OS, by chos-base(1)"},
      {"chosctl os base trixie", "show which commands run in the base OS"},
      {"chosctl os base trixie --remove ping", "run the tree's own ping again"}}},
};

constexpr const char* sources = R"(Sources:
  debian:SUITE[/ARCH]            a Debian release, made by mmdebstrap
  rpm:REPOFILE[#PACKAGE...]      packages of a .repo file, installed by dnf or rpm
  tar:FILE                       an archive of a tree, compressed or not
  oci:ARCHIVE, oci:LAYOUT[:TAG]  a container image: docker save, OCI archive or layout
  dir:PATH                       an existing tree, such as one on NFS; not copied
  image:FILE                     a squashfs or erofs image; copied, then mounted
)";

std::string examples_of(const std::string& command) {
  const auto found = examples.find(command);
  if (found == examples.end()) return "";
  std::size_t width = 0;
  for (const auto& example : found->second) width = std::max(width, example.line.size());
  std::string out = "Examples:\n";
  for (const auto& [line, what] : found->second)
    out += "  " + line + std::string(width + 2 - line.size(), ' ') + what + "\n";
  return out;
}

std::string exit_statuses_of(const std::string& command) {
  std::string failed = "it failed or was refused", more;
  if (command == "doctor") failed = "it failed or found errors";
  if (command == "os verify") failed = "it failed or found differences";
  if (command.empty()) failed += ", or doctor found errors";
  if (command == "os") failed += ", or verify found differences";
  if (command.empty()) more = "; 3 status: not up";
  if (command == "status") more = "; 3 not up";
  return "Exit status: 0 done; 1 " + failed + "; 2 wrong usage" + more + ".\n";
}

}  // namespace

std::string help_footer(const std::string& command) {
  const bool is_os = command == "os" || command.starts_with("os ");
  const bool takes_source = command == "os" || command == "os add" || command == "os replace";
  return (takes_source ? std::string(sources) + "\n" : "") + examples_of(command) + "\n" +
         exit_statuses_of(command) +
         (is_os ? "See chosctl-os(8), chos(5)." : "See chosctl(8), chos(5), chos.conf(5).");
}

}  // namespace chos::ctl
