#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A file driver of HDF5 that reads a part of one open descriptor and can do nothing else: it opens no path, writes
// nothing, and lets the HDF5 file stand inside of another file, as in an archive.

/// The descriptor and the part of it that is the HDF5 file.
struct hdf5_part {
  int descriptor;
  unsigned long long offset;
  unsigned long long size;
  /// The error number of what could not be written last, or 0; of a new file only.
  int failure;
};

/// What the next file that is opened is; the library hands a driver a name only. Written and read in one object file: that
/// which holds `hdf5_open_part` and, through it, the driver.
static inline struct hdf5_part *_Nonnull hdf5_next_part(void) {
  static struct hdf5_part part;
  return &part;
}

struct hdf5_part_file {
  H5FD_t base;
  struct hdf5_part part;
  haddr_t end_of_allocation;
};

static H5FD_t *hdf5_part_open(const char *name, unsigned flags, hid_t properties, haddr_t maximum) {
  (void)name, (void)properties, (void)maximum;
  if (flags != 0) return 0;
  struct hdf5_part_file *file = (struct hdf5_part_file *)calloc(1, sizeof *file);
  if (file) file->part = *hdf5_next_part();
  return (H5FD_t *)file;
}

static herr_t hdf5_part_close(H5FD_t *file) {
  free(file);
  return 0;
}

static herr_t hdf5_part_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  if (flags) *flags = H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE;
  return 0;
}

static haddr_t hdf5_part_end_of_allocation(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const struct hdf5_part_file *)file)->end_of_allocation;
}

static herr_t hdf5_part_set_end_of_allocation(H5FD_t *file, H5FD_mem_t type, haddr_t address) {
  (void)type;
  ((struct hdf5_part_file *)file)->end_of_allocation = address;
  return 0;
}

static haddr_t hdf5_part_end_of_file(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const struct hdf5_part_file *)file)->part.size;
}

// Bytes behind the end are zero, as in the library's own drivers: the end of allocation may lie behind it.
static herr_t hdf5_part_read(H5FD_t *file, H5FD_mem_t type, hid_t properties, haddr_t address, size_t size, void *buffer) {
  (void)type, (void)properties;
  const struct hdf5_part part = ((const struct hdf5_part_file *)file)->part;
  unsigned char *target = (unsigned char *)buffer;
  while (size > 0 && address < part.size) {
    const unsigned long long rest = part.size - address;
    const ssize_t count = pread(part.descriptor, target, size < rest ? size : (size_t)rest, (off_t)(part.offset + address));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    target += count;
    address += (haddr_t)count;
    size -= (size_t)count;
  }
  memset(target, 0, size);
  return 0;
}

static herr_t hdf5_part_write(H5FD_t *file, H5FD_mem_t type, hid_t properties, haddr_t address, size_t size, const void *buffer) {
  (void)file, (void)type, (void)properties, (void)address, (void)size, (void)buffer;
  return -1;
}

static const H5FD_class_t hdf5_part_driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)600,  // outside of the range that the HDF Group gives out
#endif
    .name = "attnconv-part",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = hdf5_part_open,
    .close = hdf5_part_close,
    .query = hdf5_part_query,
    .get_eoa = hdf5_part_end_of_allocation,
    .set_eoa = hdf5_part_set_end_of_allocation,
    .get_eof = hdf5_part_end_of_file,
    .read = hdf5_part_read,
    .write = hdf5_part_write,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

/// Opens the HDF5 file in a part of a descriptor; negative where that fails.
static inline hid_t hdf5_open_part(const struct hdf5_functions *_Nonnull functions, struct hdf5_part part) {
  *hdf5_next_part() = part;
  const hid_t driver = functions->registerDriver(&hdf5_part_driver);
  const hid_t properties = functions->createProperties(functions->fileAccess);
  if (driver < 0 || properties < 0 || functions->setDriver(properties, driver, 0) < 0) return -1;
  // The name is looked at and never opened.
  return functions->openFile("/", 0, properties);
}
