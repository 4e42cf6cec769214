// SPDX-License-Identifier: BSD-3-Clause
// spank_chos.so by its real entry points.  This program stands for Slurm's: it has the functions that the
// plugin calls, and plays srun, sbatch and slurmstepd in children, because the plugin keeps state.
#include <dlfcn.h>
#include <signal.h>

#include <cstdarg>
#include <map>

#include "log_socket.h"
#include "process_state.h"
#include "program_fixture.h"

extern "C" {
#include <slurm/slurm.h>
#include <slurm/spank.h>
}

namespace {

// The state of Slurm in a child, and what the plugin told it.
struct Slurm {
  spank_context_t context = S_CTX_LOCAL;
  std::map<std::string, std::string> job;  // the job's environment
  uint32_t step = 0, tasks = 1;
  int task = 0;
  spank_option* option = nullptr;
  std::string told;  // a line for each thing
} slurm;

void tell(const std::string& line) { slurm.told += line + "\n"; }

}  // namespace

extern "C" {

spank_context_t spank_context() { return slurm.context; }

spank_err_t spank_option_register(spank_t, spank_option* option) {
  slurm.option = option;
  return spank_err_t(ESPANK_SUCCESS);
}

spank_err_t spank_getenv(spank_t, const char* name, char* buffer, int size) {
  const auto found = slurm.job.find(name);
  if (found == slurm.job.end()) return spank_err_t(ESPANK_ENV_NOEXIST);
  const auto room = static_cast<std::size_t>(size);
  buffer[found->second.copy(buffer, room - 1)] = '\0';
  return found->second.size() < room ? spank_err_t(ESPANK_SUCCESS) : spank_err_t(ESPANK_NOSPACE);
}

spank_err_t spank_setenv(spank_t, const char* name, const char* value, int) {
  tell(std::string("job ") + name + "=" + value);
  return spank_err_t(ESPANK_SUCCESS);
}

spank_err_t spank_job_control_setenv(spank_t, const char* name, const char* value, int) {
  tell(std::string("control ") + name + "=" + value);
  return spank_err_t(ESPANK_SUCCESS);
}

spank_err_t spank_get_item(spank_t, spank_item item, ...) {
  va_list rest;
  va_start(rest, item);
  auto* number = va_arg(rest, uint32_t*);
  va_end(rest);
  switch (item) {
    case S_JOB_ID: *number = 7; return spank_err_t(ESPANK_SUCCESS);
    case S_JOB_STEPID: *number = slurm.step; return spank_err_t(ESPANK_SUCCESS);
    case S_JOB_TOTAL_TASK_COUNT: *number = slurm.tasks; return spank_err_t(ESPANK_SUCCESS);
    case S_TASK_ID: *reinterpret_cast<int*>(number) = slurm.task; return spank_err_t(ESPANK_SUCCESS);
    default: return spank_err_t(ESPANK_BAD_ARG);
  }
}

void slurm_error(const char* format, ...) {
  char line[4096];
  va_list rest;
  va_start(rest, format);
  std::vsnprintf(line, sizeof line, format, rest);
  va_end(rest);
  tell(std::string("error ") + line);
}

// Only the name matters: the arguments differ between releases.
void test_kill_job_step() asm("slurm_kill_job_step");
void test_kill_job_step() {
  // fail_step() ends the process: this goes out by the one way left.
  (void)!::write(STDERR_FILENO, "killed\n", 7);
}
}

namespace chos::test {
namespace {

using Hook = int (*)(spank_t, int, char**);

class SpankPlugin : public Program {
 protected:
  void SetUp() override {
    Program::SetUp();
    if (!is_root()) GTEST_SKIP() << "needs a list that is root's";
    load(CHOS_SPANK_PLUGIN);
    log_.listen(path("log"));
  }

  void load(const char* plugin) {
    plugin_ = ::dlopen(plugin, RTLD_NOW);
    ASSERT_NE(plugin_, nullptr) << ::dlerror();
  }
  int call(const char* name) {
    std::string words[] = {"allowlist=" + path("list"), "proc=" + path("kernel"), "log=" + path("log")};
    char* vector[] = {words[0].data(), words[1].data(), words[2].data()};
    auto hook = reinterpret_cast<Hook>(::dlsym(plugin_, name));
    return hook == nullptr ? -99 : hook(nullptr, with_arguments_ ? 3 : 0, vector);
  }
  Ran started_without_arguments(const char* option) {
    with_arguments_ = false;
    const Ran ran = started(option, {});
    with_arguments_ = true;
    return ran;
  }
  void init(const char* option) {
    tell("init " + std::to_string(call("slurm_spank_init")));
    if (option != nullptr && slurm.option != nullptr)
      slurm.option->cb(0, option, slurm.context == S_CTX_REMOTE);
  }

  // What `play` makes Slurm and the plugin say in a child, and the child's status.
  template <typename Play>
  Ran played(Play play) {
    const std::string file = path("told");
    std::filesystem::remove(file);
    const pid_t child = ::fork();
    if (child == 0) {
      (void)!::freopen(path("err").c_str(), "w", stderr);
      (void)!::chdir(path("home").c_str());
      play();
      std::ofstream(file) << slurm.told;
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("told"), read("err")};
  }
  Ran submitted(spank_context_t context, const char* option, const char* variable) {
    return played([=, this] {
      slurm.context = context;
      if (variable != nullptr) ::setenv("CHOS", variable, 1);
      else ::unsetenv("CHOS");
      ::setenv("_SLURM_SPANK_OPTION_chos_chos", "sl6", 1);
      init(option);
      tell("post " + std::to_string(call("slurm_spank_init_post_opt")));
      for (const char* name : {"CHOS", "SLURM_CHOS", "_SLURM_SPANK_OPTION_chos_chos"})
        if (const char* value = ::getenv(name)) tell(std::string(name) + "=" + value);
    });
  }
  Ran started(const char* option, std::map<std::string, std::string> job, uint32_t tasks = 1, int task = 0) {
    return played([=, this] {
      slurm.context = S_CTX_REMOTE;
      slurm.job = job;
      slurm.job.emplace("SLURMD_NODENAME", "n7");
      slurm.tasks = tasks;
      slurm.task = task;
      init(option);
      tell("user " + std::to_string(call("slurm_spank_user_init")));
      std::ofstream(path("told")) << slurm.told;  // the next may end the process
      tell("task " + std::to_string(call("slurm_spank_task_init")));
    });
  }

  void* plugin_ = nullptr;
  bool with_arguments_ = true;
  LogSocket log_;
};

TEST_F(SpankPlugin, ExportsItsEntryPointsAndNothingElse) {
  load(CHOS_INSTALLED_SPANK_PLUGIN);
  const auto ran =
      shell("nm -D --defined-only '" CHOS_INSTALLED_SPANK_PLUGIN "' | sed \"s/.* //\" | tr \"\\n\" \" \"");
  EXPECT_EQ(ran.out,
            "plugin_name plugin_type plugin_version slurm_spank_init "
            "slurm_spank_init_post_opt slurm_spank_task_init slurm_spank_user_init "
            "spank_plugin_version ");
  EXPECT_EQ(*static_cast<const unsigned*>(::dlsym(plugin_, "plugin_version")),
            static_cast<unsigned>(SLURM_VERSION_NUMBER));
  EXPECT_STREQ(static_cast<const char*>(::dlsym(plugin_, "plugin_type")), "spank");
  // No symbol of libstdc++: the program may contain another version of it.  A sanitizer brings libraries.
  if (CHOS_TEST_SANITIZED == 0) {
    EXPECT_EQ(shell("ldd '" CHOS_INSTALLED_SPANK_PLUGIN "' | grep -c stdc").out, "0\n");
  }
}

TEST_F(SpankPlugin, SrunAndSbatchSetWhatTheJobTakesAlong) {
  for (const auto context : {S_CTX_LOCAL, S_CTX_ALLOCATOR}) {
    EXPECT_EQ(submitted(context, "trixie", "lab").out,
              "init 0\ncontrol CHOS=trixie\npost 0\nCHOS=trixie\nSLURM_CHOS=option:trixie\n");
    EXPECT_EQ(submitted(context, nullptr, "trixie").out,
              "init 0\ncontrol CHOS=trixie\npost 0\nCHOS=trixie\nSLURM_CHOS=environment:trixie\n");
    EXPECT_EQ(submitted(context, nullptr, nullptr).out, "init 0\npost 0\n");
  }
}

TEST_F(SpankPlugin, ABadNameIsRefusedAtSubmission) {
  EXPECT_EQ(submitted(S_CTX_ALLOCATOR, "sarge", nullptr).out,
            "init 0\nerror chos: --chos names 'sarge', which is not in /etc/chos (you may enter: "
            "trixie and base); nothing was submitted\npost -1\n");
}

TEST_F(SpankPlugin, TheComponentsOfAHeterogeneousJobHaveOneOs) {
  const auto submits_two = [this](const char* first, const char* second) {
    return played([=, this] {
             slurm.context = S_CTX_LOCAL;
             ::unsetenv("CHOS");
             init(first);
             tell("post " + std::to_string(call("slurm_spank_init_post_opt")));
             slurm.option->cb(0, second, 0);
             tell("post " + std::to_string(call("slurm_spank_init_post_opt")));
           })
        .out;
  };
  EXPECT_EQ(submits_two("trixie", "trixie"),
            "init 0\ncontrol CHOS=trixie\npost 0\ncontrol CHOS=trixie\npost 0\n");
  EXPECT_EQ(submits_two("trixie", "base"),
            "init 0\ncontrol CHOS=trixie\npost 0\nerror chos: the components of a heterogeneous job "
            "have one OS, but --chos names 'trixie' and 'base' (another OS is for a step: srun "
            "--het-group=N --chos=OS); nothing was submitted\npost -1\n");
}

TEST_F(SpankPlugin, ATaskEntersAndCarriesTheName) {
  EXPECT_EQ(started("trixie", {{"PWD", path("home")}}).out, "init 0\nuser 0\njob CHOS=trixie\ntask 0\n");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
  write("kernel/setchos", "/\n");
  EXPECT_EQ(started(nullptr, {{"SLURM_CHOS", "option:trixie"}}).out,
            "init 0\nuser 0\njob CHOS=trixie\ntask 0\n");
  EXPECT_EQ(entered().rfind("trixie", 0), 0u);
}

TEST_F(SpankPlugin, ARefusedTaskEndsWithOneLineAndTakesTheStepAlong) {
  const auto alone = started("sl6", {});
  EXPECT_EQ(alone.status, 126);
  EXPECT_EQ(alone.out,
            "init 0\nerror chos: n7: 'sl6' is closed: nobody new may enter (you may enter: "
            "trixie and base); the task was not started\nuser 0\n");
  EXPECT_EQ(alone.err, "") << "a step of one task has no other to end";
  const auto lines = log_.lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("(job 7) uid 0: 'sl6' is closed"), std::string::npos) << lines[0];

  EXPECT_EQ(started("sl6", {}, 4, 0).err, "killed\n");
  const auto second = started("sl6", {}, 4, 1);
  EXPECT_EQ(second.status, 126);
  EXPECT_EQ(second.err, "") << "the node's first task has done it";
  // Of a heterogeneous job each component is a job with a part in the step; this one's is 7.
  const std::map<std::string, std::string> components = {{"SLURM_HET_SIZE", "3"},
                                                         {"SLURM_JOB_ID_HET_GROUP_0", "6"},
                                                         {"SLURM_JOB_ID_HET_GROUP_1", "7"},
                                                         {"SLURM_JOB_ID_HET_GROUP_2", "8"}};
  EXPECT_EQ(started("sl6", components).err, "killed\nkilled\nkilled\n");
  const std::map<std::string, std::string> of_srun = {
      {"SLURM_HET_SIZE", "2"}, {"SLURM_JOB_ID_PACK_GROUP_0", "6"}, {"SLURM_JOB_ID_PACK_GROUP_1", "7"}};
  EXPECT_EQ(started("sl6", of_srun).err, "killed\nkilled\n");
  EXPECT_EQ(started("sl6", {{"SLURM_HET_SIZE", "4000000000"}}).err, "");
  EXPECT_EQ(entered(), "/\n");
}

// srun prints the line on a terminal, and slurmd writes it into its log.
TEST_F(SpankPlugin, TheUsersVariablesPrintNoControlCharacters) {
  const auto ran = started("sl6", {{"SLURMD_NODENAME", "n8\033]0;title\007\nslurmd: error: \u202e"}});
  EXPECT_EQ(ran.status, 126);
  EXPECT_NE(
      ran.out.find("error chos: n8\\x1b]0;title\\x07\\x0aslurmd: error: \\xe2\\x80\\xae: 'sl6' is closed"),
      std::string::npos)
      << ran.out;
}

// A reload happened in between: the trial of the node succeeded.
TEST_F(SpankPlugin, ATaskThatIsRefusedAloneTakesTheStepAlong) {
  const auto later = played([this] {
    slurm.context = S_CTX_REMOTE;
    slurm.tasks = 4;
    slurm.task = 2;
    init("trixie");
    tell("user " + std::to_string(call("slurm_spank_user_init")));
    write("list", "trixie:/os/trixie:closed\n");
    call("slurm_spank_task_init");
  });
  EXPECT_EQ(later.status, 126);
  EXPECT_EQ(later.err, "killed\n");
}

TEST_F(SpankPlugin, AnArgumentThatIsNoneIsRefused) {
  const auto ran = played([this] {
    char word[] = "nonsense=1";
    char* words[] = {word};
    auto hook = reinterpret_cast<Hook>(::dlsym(plugin_, "slurm_spank_init"));
    tell("init " + std::to_string(hook(nullptr, 1, words)));
    slurm.context = S_CTX_SLURMD;
    tell("slurmd " + std::to_string(hook(nullptr, 1, words)));
  });
  EXPECT_EQ(ran.out,
            "error chos: unknown argument 'nonsense=1' in plugstack.conf (see "
            "spank_chos(8))\ninit -1\nslurmd 0\n");
}

// The installed plugin uses only /etc/chos and /proc/chos, and `base` is an OS of every node.
TEST_F(SpankPlugin, TheInstalledPluginTakesNoArgument) {
  load(CHOS_INSTALLED_SPANK_PLUGIN);
  EXPECT_EQ(played([this] { tell("init " + std::to_string(call("slurm_spank_init"))); }).out,
            "error chos: unknown argument 'allowlist=" + path("list") +
                "' in plugstack.conf (see spank_chos(8))\ninit -1\n");
  EXPECT_EQ(started_without_arguments("base").out, "init 0\nuser 0\njob CHOS=base\ntask 0\n");
  EXPECT_EQ(entered(), "/\n");
}

TEST_F(SpankPlugin, LongAndOddValuesAreRefusedNotCut) {
  const auto ran = started(nullptr, {{"CHOS", std::string(10000, 'x')}});
  EXPECT_EQ(ran.status, 126);
  EXPECT_EQ(started(nullptr, {{"CHOS", "tri\nxie"}}).status, 126);
  EXPECT_EQ(entered(), "/\n");
}

}  // namespace
}  // namespace chos::test
