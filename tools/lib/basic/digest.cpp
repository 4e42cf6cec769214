// SPDX-License-Identifier: BSD-3-Clause
#include "basic/digest.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace chos {

void Sha256::Free::operator()(evp_md_ctx_st* context) const { ::EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(::EVP_MD_CTX_new()) {
  if (!context_ || ::EVP_DigestInit_ex(context_.get(), ::EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

void Sha256::add(const void* data, std::size_t size) { ::EVP_DigestUpdate(context_.get(), data, size); }

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ::EVP_DigestFinal_ex(context_.get(), out.data(), &size);
  return hex_text(out.data(), size);
}

std::string sha256_of(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  if (::EVP_Digest(text.data(), text.size(), out.data(), &size, ::EVP_sha256(), nullptr) != 1) return {};
  return hex_text(out.data(), size);
}

std::string hex_text(const unsigned char* bytes, std::size_t size) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace chos
