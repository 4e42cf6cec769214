// SPDX-License-Identifier: BSD-3-Clause
// pam_chos.so: translates between PAM and session.h, which has the logic.
#include <chos/abi.h>
#include <pthread.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <new>

#include "pam/arguments.h"
#include "pam/session.h"

namespace {

using chos::pam::Options;
using chos::pam::Outcome;
using chos::pam::Request;

constexpr const char* data_name = "chos_moved";

std::string item(pam_handle_t* handle, int which) {
  const void* value = nullptr;
  if (pam_get_item(handle, which, &value) != PAM_SUCCESS || value == nullptr) return {};
  return static_cast<const char*>(value);
}

Request request_of(pam_handle_t* handle) { return {item(handle, PAM_SERVICE), item(handle, PAM_USER)}; }

void free_moved(pam_handle_t*, void* data, int) { delete static_cast<chos::pam::Moved*>(data); }

int open_session(pam_handle_t* handle, int flags, const Options& options) {
  // Stored before the move, because nothing may fail after it.
  auto* moved = new chos::pam::Moved;
  if (pam_set_data(handle, data_name, moved, free_moved) != PAM_SUCCESS) {
    delete moved;
    return options.deny ? PAM_SESSION_ERR : PAM_IGNORE;
  }
  Outcome outcome = chos::pam::open_session(request_of(handle), options);
  if (outcome.moved) *moved = std::move(*outcome.moved);
  if (!outcome.os.empty()) {
    char variable[8 + CHOS_PATH_MAX];  // no allocation: nothing may throw after the move
    std::snprintf(variable, sizeof variable, "CHOS=%s", outcome.os.c_str());
    (void)pam_putenv(handle, variable);
  }
  if (!outcome.tell.empty() && (flags & PAM_SILENT) == 0) pam_error(handle, "%s", outcome.tell.c_str());
  switch (outcome.what) {
    case Outcome::What::not_ours:
      (void)pam_set_data(handle, data_name, nullptr, nullptr);  // close ignores it too
      return PAM_IGNORE;
    case Outcome::What::refused: return PAM_SESSION_ERR;
    case Outcome::What::base:
    case Outcome::What::moved: break;
  }
  return PAM_SUCCESS;
}

int close_session(pam_handle_t* handle, const Options& options) {
  const void* data = nullptr;
  if (pam_get_data(handle, data_name, &data) != PAM_SUCCESS || data == nullptr) return PAM_IGNORE;
  const auto& moved = *static_cast<const chos::pam::Moved*>(data);
  if (!moved.os.empty()) chos::pam::close_session(request_of(handle), options, moved);
  return PAM_SUCCESS;
}

// Disables thread cancellation: a thread that is cancelled here would unwind half way, and so would its copy
// in the child.
class NoCancel {
 public:
  NoCancel() { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  NoCancel(const NoCancel&) = delete;
  NoCancel& operator=(const NoCancel&) = delete;
  ~NoCancel() { ::pthread_setcancelstate(before_, nullptr); }

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

// No exception may reach the application.  Without memory, even parsing the options may fail.
template <typename Work>
int guarded(int argc, const char** argv, Work work) noexcept {
  const NoCancel whole;
  try {
    return work(chos::pam::options_of_module(argc, argv));
  } catch (const std::exception&) {
    for (int i = 0; i < argc; ++i)
      if (std::strcmp(argv[i], "on_error=deny") == 0) return PAM_SESSION_ERR;
    return PAM_IGNORE;
  }
}

}  // namespace

extern "C" int pam_sm_open_session(pam_handle_t* handle, int flags, int argc, const char** argv) {
  return guarded(argc, argv,
                 [handle, flags](const Options& options) { return open_session(handle, flags, options); });
}

extern "C" int pam_sm_close_session(pam_handle_t* handle, int, int argc, const char** argv) {
  return guarded(argc, argv, [handle](const Options& options) { return close_session(handle, options); });
}
