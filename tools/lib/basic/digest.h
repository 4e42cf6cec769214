// SPDX-License-Identifier: BSD-3-Clause
// SHA-256, by libcrypto.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace chos {

/// Computes the SHA-256 of what is added.
class Sha256 {
 public:
  Sha256();

  void add(const void* data, std::size_t size);
  void add(std::string_view text) { add(text.data(), text.size()); }
  /// The digest: 64 hexadecimal digits.  The object has no further use.
  std::string finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// The SHA-256 of a text, as Sha256::finish() returns it.  "" if there is none, as with OpenSSL's
/// FIPS provider when its check of itself has failed.
std::string sha256_of(const std::string& text);

/// Two lower-case digits for each byte.
std::string hex_text(const unsigned char* bytes, std::size_t size);

/// Whether the text is what Sha256::finish() returns: 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

}  // namespace chos
