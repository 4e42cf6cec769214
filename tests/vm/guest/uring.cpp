/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes to setchos by io_uring, which a kernel worker may carry out in another task. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "node.h"

namespace chos::guest {
namespace {

class Ring {
 public:
  explicit Ring(unsigned flags) {
    io_uring_params parameters{};
    parameters.flags = flags;
    fd_ = Fd(static_cast<int>(sys(syscall(SYS_io_uring_setup, 4, &parameters))));
    if (!fd_) return;
    const size_t sq = parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned);
    const size_t cq = parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe);
    sq_ = map(sq, IORING_OFF_SQ_RING);
    cq_ = map(cq, IORING_OFF_CQ_RING);
    entries_ =
        reinterpret_cast<io_uring_sqe*>(map(parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
    parameters_ = parameters;
  }
  int error() const { return fd_.get(); }

  /* Submits one write at offset 0, waits for it, and returns its result. */
  int write_once(int file, std::string_view text, unsigned char entry_flags) {
    io_uring_sqe& entry = entries_[0];
    memset(&entry, 0, sizeof entry);
    entry.opcode = IORING_OP_WRITE;
    entry.flags = entry_flags;
    entry.fd = file;
    entry.addr = reinterpret_cast<uint64_t>(text.data());
    entry.len = static_cast<unsigned>(text.size());
    auto* tail = reinterpret_cast<std::atomic<unsigned>*>(sq_ + parameters_.sq_off.tail);
    const unsigned mask = *reinterpret_cast<unsigned*>(sq_ + parameters_.sq_off.ring_mask);
    auto* array = reinterpret_cast<unsigned*>(sq_ + parameters_.sq_off.array);
    array[tail->load() & mask] = 0;
    tail->store(tail->load() + 1);
    unsigned flags = IORING_ENTER_GETEVENTS;
    if (parameters_.flags & IORING_SETUP_SQPOLL) flags |= IORING_ENTER_SQ_WAKEUP;
    CHECK_OK(sys(syscall(SYS_io_uring_enter, fd_.get(), 1, 1, flags, nullptr, 0)));
    auto* head = reinterpret_cast<std::atomic<unsigned>*>(cq_ + parameters_.cq_off.head);
    const unsigned cq_mask = *reinterpret_cast<unsigned*>(cq_ + parameters_.cq_off.ring_mask);
    auto* done = reinterpret_cast<io_uring_cqe*>(cq_ + parameters_.cq_off.cqes);
    const int result = done[head->load() & cq_mask].res;
    head->store(head->load() + 1);
    return result;
  }

 private:
  char* map(size_t size, uint64_t offset) {
    void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_.get(),
                    static_cast<off_t>(offset));
    CHECK(at != MAP_FAILED);
    return static_cast<char*>(at);
  }
  Fd fd_;
  io_uring_params parameters_{};
  char* sq_ = nullptr;
  char* cq_ = nullptr;
  io_uring_sqe* entries_ = nullptr;
};

/* Success moves the caller wholly, an error does not move it; no other task moves in either case. */
void write_by_ring(unsigned ring_flags, unsigned char entry_flags) {
  Ring ring(ring_flags);
  if (ring.error() == -ENOSYS || ring.error() == -EPERM) return;
  CHECK_OK(ring.error());
  const Fd set = open_file(CHOS_SETCHOS, O_WRONLY);
  std::string at = "/";
  for (const char* name : {"trixie", "sl6", "/", "nope", "alma9"}) {
    const int result = ring.write_once(set.get(), name, entry_flags);
    if (result >= 0) at = name;
    CHECK_SAY(view() == at,
              std::string(name) + " gave " + show_result(result) + " and the view is " + view());
  }
  note("flags " + std::to_string(ring_flags) + "/" + std::to_string(entry_flags) + ": ended in " + at);
}

}  // namespace

CHOS_CASE(enter_by_io_uring, 20) {
  {
    const Ring probe(0);
    if (probe.error() == -ENOSYS || probe.error() == -EPERM) skip("no io_uring in this kernel");
  }
  Node node;
  for (const unsigned ring_flags : {0u, static_cast<unsigned>(IORING_SETUP_SQPOLL)}) {
    for (const unsigned entry_flags : {0u, static_cast<unsigned>(IOSQE_ASYNC)}) {
      for (const Who& who : {kAnna, kRoot}) {
        AS(who, [&] { write_by_ring(ring_flags, static_cast<unsigned char>(entry_flags)); });
        CHECK_EQ(get(CHOS_PROCESSES), std::string()); /* no kernel worker is in an OS */
      }
    }
  }
}

}  // namespace chos::guest
