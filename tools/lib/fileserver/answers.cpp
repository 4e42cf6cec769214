// SPDX-License-Identifier: BSD-3-Clause
#include "fileserver/answers.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include "basic/child_work.h"
#include "basic/files.h"

namespace chos {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int longest_look = 10;           // seconds
constexpr std::size_t most_at_once = 100;  // processes
// Callers open the directory right after they got the answer.
constexpr auto answer_lasts = std::chrono::seconds(3);

struct Silence {
  Error why;
  Clock::time_point since;
};

// The silent servers, by name.
std::map<std::string, Silence>& silences() {
  static std::map<std::string, Silence> all;
  return all;
}

// The times of answers, by server and directory; the directory is "" for an answer that counts for all.
std::map<std::pair<std::string, std::string>, Clock::time_point>& answers() {
  static std::map<std::pair<std::string, std::string>, Clock::time_point> all;
  return all;
}

std::pair<std::string, std::string> key_of(const Question& question) {
  return {question.server, question.speaks_for_all ? "" : question.directory};
}

bool has_answered(const Question& question) {
  const auto found = answers().find(key_of(question));
  return found != answers().end() && Clock::now() - found->second < answer_lasts;
}

// Child processes that did not end in time, by the names of servers.  In a request that a server has accepted
// they cannot even be killed.  A forked child starts with an empty map: it does not have the descriptors of
// the entries, but may have others with the same numbers.
std::map<std::string, ChildWork>& stuck() {
  static std::map<std::string, ChildWork>* all = nullptr;
  static pid_t owner = 0;
  if (owner != ::getpid()) {
    all = new std::map<std::string, ChildWork>;
    owner = ::getpid();
  }
  return *all;
}

bool is_stuck(const std::string& server) {
  const auto found = stuck().find(server);
  if (found == stuck().end()) return false;
  if (!found->second.ended()) return true;
  stuck().erase(found);
  return false;
}

// The errno of opening, asking and reading the directory, or 0.
int look(const char* directory) {
  const UniqueFd fd(::open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno;
  struct statx info {};
  // Not from the cache of this machine.
  if (::statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_MODE, &info) != 0) return errno;
  // A duplicate, not open_entries(): one request to the server is enough.
  const DirectoryStream listing(::fdopendir(::dup(fd.get())));
  if (!listing) return errno;
  errno = 0;
  return ::readdir(listing.get()) == nullptr ? errno : 0;
}

// Whether the output of look() is one that a server which answers may cause.
bool is_answer(const std::optional<std::string>& said) {
  const int why = said ? std::atoi(said->c_str()) : ETIMEDOUT;
  return why == 0 || why == EACCES || why == EPERM || why == ENOENT || why == ENOTDIR || why == ESTALE;
}

class Inquiry {
 public:
  explicit Inquiry(std::vector<Questions> questions) : open_(std::move(questions)) {}

  void run() {
    for (;;) {
      for (auto& rest : open_) std::erase_if(rest, has_answered);
      std::erase_if(open_, is_decided);
      for (const auto& rest : open_) ask(rest.front());
      if (asked_.empty() && open_.empty()) return;
      if (!asked_.empty()) hear();
    }
  }

 private:
  struct Asked {
    ChildWork process;
    Question question;
    Clock::time_point end;
  };

  static bool is_decided(const Questions& rest) {
    return rest.empty() || std::any_of(rest.begin(), rest.end(), [](const Question& question) {
             return silences().count(question.server) > 0;
           });
  }

  static void is_silent(const std::string& server, const std::string& what = "does not answer",
                        const std::string& remedy = "is its server up?") {
    silences()[server] = {{what, remedy, ETIMEDOUT}, Clock::now()};
  }

  void ask(const Question& question) {
    if (asked_.count(question.server) > 0 || asked_.size() >= most_at_once) return;
    // Another child would be stuck too, and chosctl watch would pile them up for days.
    if (is_stuck(question.server)) return is_silent(question.server);
    auto process = ChildWork::start([&question] { return std::to_string(look(question.directory.c_str())); },
                                    longest_look);
    // Looking in this process might block for good.
    if (!process)
      return is_silent(question.server, "was not looked at: " + process.error().what, process.error().remedy);
    asked_.emplace(question.server, Asked{std::move(*process), question,
                                          Clock::now() + std::chrono::seconds(longest_look + 1)});
  }

  // Waits until a child has answered or its time is over.
  void hear() {
    std::vector<pollfd> wait;
    auto end = Clock::time_point::max();
    for (const auto& [server, asked] : asked_) {
      wait.push_back({asked.process.reader(), POLLIN, 0});
      end = std::min(end, asked.end);
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    (void)::poll(wait.data(), wait.size(), static_cast<int>(std::max<long long>(left.count(), 0)));
    for (auto at = asked_.begin(); at != asked_.end();) {
      auto& [server, asked] = *at;
      const bool ended = asked.process.ended();
      if (!ended && Clock::now() < asked.end) {
        ++at;
        continue;
      }
      if (ended && is_answer(asked.process.said())) answers()[key_of(asked.question)] = Clock::now();
      else is_silent(server);
      if (!ended) stuck().insert_or_assign(server, std::move(asked.process));
      at = asked_.erase(at);
    }
  }

  std::vector<Questions> open_;
  std::map<std::string, Asked> asked_;  // by the names of servers
};

}  // namespace

void ask_servers(std::vector<Questions> questions) { Inquiry(std::move(questions)).run(); }

std::optional<Error> silence_of(const std::string& server) {
  const auto found = silences().find(server);
  if (found == silences().end()) return {};
  return found->second.why;
}

void forget_servers(std::chrono::seconds silent_for) {
  answers().clear();
  std::erase_if(silences(), [&](const auto& one) { return Clock::now() - one.second.since >= silent_for; });
}

}  // namespace chos
