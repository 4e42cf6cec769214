/* SPDX-License-Identifier: BSD-3-Clause */
/* A hundred OSs, and trees that vanish while processes are in them. */
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "node.h"

namespace chos::guest {

CHOS_CASE(trees_one_hundred, 30) {
  constexpr int kCount = 100;
  Node node;
  std::string list;
  for (int i = 0; i < kCount; ++i) {
    const std::string name = "os" + std::to_string(i);
    make_tree(name);
    list += name + ":/os/" + name + "\n";
  }
  CHECK_OK(allow(list));
  CHECK_EQ(counter("entries"), static_cast<long>(kCount));
  Shared<Event> inside, look;
  std::vector<pid_t> all;
  for (int i = 0; i < kCount; ++i) {
    all.push_back(start(i % 2 ? kAnna : kBert, [&, i] {
      const std::string name = "os" + std::to_string(i);
      CHECK_OK(enter(name));
      inside->add();
      look->wait(); /* until all hundred processes are inside */
      CHECK_VIEW(name);
      CHECK_EQ(get("/etc/os-release"), "NAME=" + name + "\n");
    }));
  }
  inside->wait(kCount);
  look->add();
  for (const pid_t pid : all) FINISH(pid);
  AS(kAnna, [] {
    for (int i = 0; i < kCount; ++i) {
      CHECK_OK(enter("os" + std::to_string(i)));
      CHECK_VIEW("os" + std::to_string(i));
    }
  });
  for (int i = 0; i < kCount; ++i) remove_tree(std::string(kTrees) + "/os" + std::to_string(i));
}

CHOS_CASE(trees_elsewhere_in_the_farm, 30) {
  /* Trees outside /os: one several levels below the farm's root, one directly in it. */
  Node node;
  CHECK_OK(put(CHOS_LAYOUT, "dir sw\ndir flat\n"));
  for (const char* tree : {"/srv/sw/dist/one", "/srv/flat"}) {
    make_dirs(std::string(tree) + "/usr");
    make_file(std::string(tree) + "/usr/id", tree);
  }
  CHECK_OK(bind_mount("/srv/sw", "/chos/sw"));
  CHECK_OK(bind_mount("/srv/flat", "/chos/flat"));
  CHECK_OK(allow("one:/sw/dist/one\nflat:/flat\n"));
  AS(kAnna, [] {
    CHECK_OK(enter("one"));
    CHECK_EQ(link_of(CHOS_LINK), std::string("/sw/dist/one"));
    CHECK_EQ(link_of("/usr"), std::string("sw/dist/one/usr"));
    CHECK_EQ(get("/usr/id"), std::string("/srv/sw/dist/one"));
    CHECK_OK(enter("/flat"));
    CHECK_EQ(link_of("/usr"), std::string("flat/usr"));
    CHECK_EQ(get("/usr/id"), std::string("/srv/flat"));
    CHECK_EQ(get(CHOS_SETCHOS), std::string("flat\n"));
  });
}

CHOS_CASE(trees_vanish_while_in_use, 30) {
  Node node;
  const std::string tree = std::string(kTrees) + "/sl6";
  const std::string away = std::string(kTrees) + "/away";
  AS(kRoot, [&] {
    Shared<Event> entered, gone, looked, back;
    const pid_t inside = start(kAnna, [&] {
      CHECK_OK(enter("sl6"));
      CHECK_OK(sys(chdir("/usr/bin")));
      entered->add();
      gone->wait();
      CHECK_EQ(link_view(), std::string("sl6")); /* the process is still in sl6; the tree is gone */
      CHECK_EQ(get(CHOS_SETCHOS), std::string("sl6\n"));
      int error = 0;
      get("/usr/id", &error);
      CHECK_ERR(error, ENOENT);
      AS(kAnna, [] { CHECK_EQ(link_view(), std::string("sl6")); });
      looked->add();
      back->wait();
      CHECK_VIEW("sl6");
      looked->add();
      gone->wait(2);
      CHECK_OK(enter("trixie")); /* a process can leave an OS without a tree */
      CHECK_VIEW("trixie");
      CHECK_ERR(enter("sl6"), ENOENT);
      CHECK_VIEW("trixie");
      CHECK_OK(enter("/"));
      CHECK_ERR(enter("sl6"), ENOENT);
      CHECK_VIEW("/");
    });
    entered->wait();
    CHECK_OK(sys(rename(tree.c_str(), away.c_str())));
    gone->add();
    looked->wait();
    AS(kBert, [] { CHECK_ERR(enter("sl6"), ENOENT); });
    CHECK_OK(sys(rename(away.c_str(), tree.c_str())));
    back->add();
    looked->wait(2);
    CHECK_OK(sys(rename(tree.c_str(), away.c_str())));
    gone->add();
    FINISH(inside);
    make_file(tree, "a file now");
    AS(kBert, [] { CHECK_ERR(enter("sl6"), ENOTDIR); });
    CHECK_OK(sys(unlink(tree.c_str())));
    CHECK_OK(sys(rename(away.c_str(), tree.c_str())));
  });
}

CHOS_CASE(trees_unmounted_while_in_use, 30) {
  /* A tree with its own mount is detached, and another tree is mounted in its place. */
  Node node;
  const std::string at = node.farm() + "/os/alma9";
  CHECK_OK(mount_fs("tmpfs", at, 0, "mode=755"));
  make_dirs(at + "/usr");
  make_file(at + "/usr/id", "alma9");
  Shared<Event> entered, replaced, looked, gone;
  const pid_t inside = start(kAnna, [&] {
    CHECK_OK(enter("alma9"));
    CHECK_VIEW("alma9");
    CHECK_OK(sys(chdir("/usr")));
    entered->add();
    replaced->wait();
    CHECK_VIEW("alma9");
    CHECK(exists("/usr/new"));
    CHECK(!exists("new")); /* the working directory is still in the old tree */
    looked->add();
    gone->wait();
    CHECK_OK(enter("trixie"));
    CHECK_VIEW("trixie");
  });
  entered->wait();
  CHECK_OK(umount_lazily(at));
  CHECK_OK(mount_fs("tmpfs", at, 0, "mode=755"));
  make_dirs(at + "/usr");
  make_file(at + "/usr/id", "alma9");
  make_file(at + "/usr/new", "new");
  replaced->add();
  looked->wait();
  CHECK_OK(umount_lazily(at));
  gone->add();
  FINISH(inside);
}

CHOS_CASE(trees_removed_from_disk, 30) {
  /* The tree is deleted and made again while processes read in it. */
  Node node;
  make_tree("doomed");
  CHECK_OK(allow("doomed:/os/doomed\ntrixie:/os/trixie\n"));
  Shared<Event> inside, gone;
  std::vector<pid_t> readers;
  for (int i = 0; i < 8; ++i) {
    readers.push_back(start(kAnna, [&] {
      CHECK_OK(enter("doomed"));
      inside->add();
      while (!gone->value()) {
        int error = 0;
        const std::string id = get("/usr/id", &error);
        /* The file is empty between its creation and the first write. */
        CHECK_SAY(error == -ENOENT || id == "doomed" || id.empty(), show_result(error) + show(id));
      }
      CHECK_EQ(link_view(), std::string("doomed"));
      CHECK_OK(enter("trixie"));
      CHECK_VIEW("trixie");
    }));
  }
  inside->wait(8);
  for (int i = 0; i < 20; ++i) {
    remove_tree(std::string(kTrees) + "/doomed");
    make_tree("doomed");
  }
  remove_tree(std::string(kTrees) + "/doomed");
  gone->add();
  for (const pid_t pid : readers) FINISH(pid);
}

}  // namespace chos::guest
