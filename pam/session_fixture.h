// SPDX-License-Identifier: BSD-3-Clause
// Logins without PAM: the logic with replaced system functions.
#pragma once

#include "pam/login_fixture.h"
#include "pam/session.h"

namespace chos::test {

using pam::Outcome;
using What = pam::Outcome::What;

class PamSession : public LoginFixture {
 protected:
  void SetUp() override {
    LoginFixture::SetUp();
    system_.account = [this](const std::string& name) {
      return name == "anna" ? std::optional(account_) : std::nullopt;
    };
    system_.gids = [this](const Account&) { return gids_; };
    system_.group = [](const std::string& name) -> Result<gid_t> {
      if (name == "few") return gid_t{999999};
      if (name == "ours") return is_root() ? strange_group : ::getegid();
      return Error{"there is no group " + name, "", ENOENT};
    };
    system_.log = path("log");
  }
  Outcome open(const std::string& user = "anna", const std::string& service = "sshd") {
    return pam::open_session({service, user}, options_, system_);
  }
  void close(const pam::Moved& moved) { pam::close_session({"sshd", "anna"}, options_, moved, system_); }
  /// The session is in the base OS, the user and the log are told why, and nothing has moved.
  void expect_base(const std::string& why) {
    const Outcome outcome = open();
    EXPECT_EQ(outcome.what, What::base);
    EXPECT_EQ(outcome.os, "");
    EXPECT_FALSE(outcome.moved);
    EXPECT_TRUE(outcome.tell.starts_with("chos: ")) << outcome.tell;
    EXPECT_NE(outcome.tell.find(why), std::string::npos) << outcome.tell;
    EXPECT_TRUE(outcome.tell.ends_with("; this session is in the base OS")) << outcome.tell;
    EXPECT_EQ(outcome.tell.find('\n'), std::string::npos);
    const auto lines = log();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0].starts_with("<84>pam_chos[")) << lines[0];  // authpriv, warning
    EXPECT_NE(lines[0].find("(sshd) user 'anna' stays in the base OS: "), std::string::npos);
    EXPECT_NE(lines[0].find(why), std::string::npos) << lines[0];
    EXPECT_EQ(os(), "/");
  }
  /// The same with on_error=deny, which refuses the session.
  void expect_refused(const std::string& why) {
    options_.deny = true;
    const Outcome outcome = open();
    options_.deny = false;
    EXPECT_EQ(outcome.what, What::refused);
    EXPECT_NE(outcome.tell.find(why), std::string::npos) << outcome.tell;
    EXPECT_TRUE(outcome.tell.ends_with("; the session is refused")) << outcome.tell;
    const auto lines = log();
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_TRUE(lines[0].starts_with("<83>pam_chos[")) << lines[0];  // authpriv, error
    EXPECT_NE(lines[0].find("(sshd) user 'anna' is refused: "), std::string::npos);
    EXPECT_EQ(os(), "/");
  }
  void expect_trouble(const std::string& why) {
    expect_base(why);
    expect_refused(why);
  }

  pam::System system_;
};

}  // namespace chos::test
