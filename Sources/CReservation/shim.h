#pragma once
#include <errno.h>
#include <sys/types.h>

#ifdef __linux__
// `fcntl.h` shows it to GNU sources alone, which the imported C library is not (fallocate(2)).
extern int fallocate(int descriptor, int mode, off_t offset, off_t count);
#endif

/// Takes room on the disk for the first bytes of an open file, whose size stays as it is. Returns 0 or an error number.
static inline int reserve_room(int descriptor, off_t count) {
#ifdef __linux__
  const int keep_size = 1;  // FALLOC_FL_KEEP_SIZE, linux/falloc.h
  return fallocate(descriptor, keep_size, 0, count) == 0 ? 0 : errno;
#else
  return ENOTSUP;
#endif
}
