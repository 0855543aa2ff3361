#pragma once

// A file driver of HDF5 that makes a new file in one open descriptor: it opens no path, and the file begins empty.

// `H5F_ACC_RDWR` and `H5F_ACC_TRUNC` (H5Fpublic.h), whose macros call functions of a linked library.
enum { hdf5_access_write = 1, hdf5_access_truncate = 2 };

static H5FD_t *hdf5_new_open(const char *name, unsigned flags, hid_t properties, haddr_t maximum) {
  (void)name, (void)properties, (void)maximum;
  if (!(flags & hdf5_access_write)) return 0;
  struct hdf5_part_file *file = (struct hdf5_part_file *)calloc(1, sizeof *file);
  if (file) file->part = *hdf5_next_part();
  return (H5FD_t *)file;
}

// Small pieces are kept together, as in the library's own drivers.
static herr_t hdf5_new_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  if (flags) *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
  return 0;
}

static herr_t hdf5_new_write(H5FD_t *base, H5FD_mem_t type, hid_t properties, haddr_t address, size_t size, const void *buffer) {
  (void)type, (void)properties;
  struct hdf5_part_file *file = (struct hdf5_part_file *)base;
  const unsigned char *source = (const unsigned char *)buffer;
  while (size > 0) {
    const ssize_t count = pwrite(file->part.descriptor, source, size, (off_t)(file->part.offset + address));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      hdf5_next_part()->failure = count < 0 ? errno : EIO;
      return -1;
    }
    source += count;
    address += (haddr_t)count;
    size -= (size_t)count;
    if (address > file->part.size) file->part.size = address;
  }
  return 0;
}

// The data of the datasets is not written here: the file grows over the room kept for it, which reads as zeros.
static herr_t hdf5_new_truncate(H5FD_t *base, hid_t properties, hbool_t closing) {
  (void)properties, (void)closing;
  struct hdf5_part_file *file = (struct hdf5_part_file *)base;
  if (file->part.size == file->end_of_allocation) return 0;
  if (ftruncate(file->part.descriptor, (off_t)(file->part.offset + file->end_of_allocation)) != 0) {
    hdf5_next_part()->failure = errno;
    return -1;
  }
  file->part.size = file->end_of_allocation;
  return 0;
}

static const H5FD_class_t hdf5_new_driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)601,  // outside of the range that the HDF Group gives out
#endif
    .name = "attnconv-new",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = hdf5_new_open,
    .close = hdf5_part_close,
    .query = hdf5_new_query,
    .get_eoa = hdf5_part_end_of_allocation,
    .set_eoa = hdf5_part_set_end_of_allocation,
    .get_eof = hdf5_part_end_of_file,
    .read = hdf5_part_read,
    .write = hdf5_new_write,
    .truncate = hdf5_new_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

/// Begins an HDF5 file in an empty part of a descriptor; negative where that fails.
static inline hid_t hdf5_create_part(const struct hdf5_functions *_Nonnull functions, struct hdf5_part part) {
  *hdf5_next_part() = part;
  const hid_t driver = functions->registerDriver(&hdf5_new_driver);
  const hid_t properties = functions->createProperties(functions->fileAccess);
  if (driver < 0 || properties < 0 || functions->setDriver(properties, driver, 0) < 0) return -1;
  // The name is looked at and never opened.
  return functions->createFile("/", hdf5_access_truncate, 0, properties);
}

/// The error number of what could not be written to the new file, or 0: HDF5's own reasons say that a driver failed.
static inline int hdf5_write_failure(void) { return hdf5_next_part()->failure; }
