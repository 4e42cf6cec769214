// SPDX-License-Identifier: BSD-3-Clause
#include "starter/pam_session.h"

#include <security/pam_appl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "basic/text.h"

namespace chos::starter {
namespace {

// A module may print a message.  A question fails, because nobody can answer it.
int converse(int count, const struct pam_message** messages, struct pam_response** answers, void*) {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  for (int i = 0; i < count; ++i) {
    const int style = messages[i]->msg_style;
    if (style != PAM_TEXT_INFO && style != PAM_ERROR_MSG) return PAM_CONV_ERR;
  }
  *answers = static_cast<struct pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(struct pam_response)));
  if (*answers == nullptr) return PAM_BUF_ERR;
  // Messages may have several lines.
  for (int i = 0; i < count; ++i)
    for (const auto line : split(messages[i]->msg, '\n')) std::fprintf(stderr, "%s\n", escaped(line).c_str());
  return PAM_SUCCESS;
}

Status check_service(const std::string& service, const std::vector<std::string>& directories) {
  const bool plain = !service.empty() && service.front() != '.' &&
                     std::none_of(service.begin(), service.end(),
                                  [](unsigned char c) { return c <= 0x20 || c >= 0x7f || c == '/'; });
  if (!plain) return Error{in_quotes(service) + " cannot be the name of a PAM service", "", EINVAL};
  for (const auto& directory : directories)
    if (::access((directory + "/" + service).c_str(), F_OK) == 0) return {};
  return Error{"there is no PAM service " + in_quotes(service),
               "an administrator makes " + directories.front() + "/" + service, ENOENT};
}

}  // namespace

PamFiles::PamFiles() : start(::pam_start) {}

Error PamSession::failed(const std::string& what, int code) const {
  return {"PAM service " + in_quotes(service_) + ": " + what + ": " + ::pam_strerror(handle_, code),
          "the system's log may say more", EACCES};
}

Status PamSession::open(const std::string& service, const Account& account) {
  if (auto status = check_service(service, files_.directories); !status) return status;
  service_ = service;
  static const struct pam_conv conversation { converse, nullptr };
  int code = files_.start(service.c_str(), account.name.c_str(), &conversation, &handle_);
  if (code != PAM_SUCCESS) return failed("cannot be started", code);
  if (const char* tty = ::ttyname(0)) ::pam_set_item(handle_, PAM_TTY, tty);
  const bool root = ::geteuid() == 0;
  if (root) {
    code = ::pam_setcred(handle_, PAM_ESTABLISH_CRED);
    if (code != PAM_SUCCESS) return failed("cannot establish credentials", code);
    credentials_ = true;
  }
  code = ::pam_open_session(handle_, 0);
  if (code != PAM_SUCCESS) return failed("cannot open a session", code);
  opened_ = true;
  return {};
}

Environment PamSession::environment() const {
  Environment out;
  char** list = handle_ == nullptr ? nullptr : ::pam_getenvlist(handle_);
  for (char** each = list; each != nullptr && *each != nullptr; ++each) {
    if (const char* equals = std::strchr(*each, '='))
      out.emplace_back(std::string(*each, static_cast<std::size_t>(equals - *each)), equals + 1);
    std::free(*each);
  }
  std::free(list);
  return out;
}

Status PamSession::close() {
  if (handle_ == nullptr) return {};
  Status status;
  int code = PAM_SUCCESS;
  if (opened_) {
    code = ::pam_close_session(handle_, 0);
    if (code != PAM_SUCCESS) status = failed("cannot close the session", code);
  }
  if (credentials_) ::pam_setcred(handle_, PAM_DELETE_CRED);
  ::pam_end(handle_, code);
  handle_ = nullptr;
  opened_ = credentials_ = false;
  return status;
}

}  // namespace chos::starter
