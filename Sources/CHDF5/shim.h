#pragma once

// The functions of the 1.10 interface under their 1.10 names, whatever newer version is installed.
#define H5_USE_110_API 1
#if __has_include(<hdf5/serial/hdf5.h>)  // Debian and Ubuntu keep the serial and the MPI build apart.
#include <hdf5/serial/hdf5.h>
#elif __has_include(<hdf5.h>)
#include <hdf5.h>
#elif __has_include("/opt/homebrew/include/hdf5.h")
#include "/opt/homebrew/include/hdf5.h"
#else
#error "the headers of HDF5 are missing: run 'make dependencies' (libhdf5-dev on Debian and Ubuntu, hdf5 elsewhere)"
#endif

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// The library is loaded when a worker process starts and not when the program does: it brings more than thirty
// others along (libcurl, Kerberos, LDAP), which would double the time that `attnconv --help` takes.

// Every function that is used: the name of the member, and the function behind HDF5's own version macros.
#define HDF5_FUNCTIONS(F)                     \
  F(open, H5open)                             \
  F(version, H5get_libversion)                \
  F(setErrorHandler, H5Eset_auto)             \
  F(walkErrors, H5Ewalk)                      \
  F(setPluginState, H5PLset_loading_state)    \
  F(openFile, H5Fopen)                        \
  F(createFile, H5Fcreate)                    \
  F(closeFile, H5Fclose)                      \
  F(registerDriver, H5FDregister)             \
  F(createProperties, H5Pcreate)              \
  F(setDriver, H5Pset_driver)                 \
  F(iterateLinks, H5Literate)                 \
  F(openObject, H5Oopen)                      \
  F(openAddress, H5Oopen_by_addr)             \
  F(closeObject, H5Oclose)                    \
  F(objectType, H5Iget_type)                  \
  F(iterateAttributes, H5Aiterate)            \
  F(openAttribute, H5Aopen)                   \
  F(attributeType, H5Aget_type)               \
  F(attributeSpace, H5Aget_space)             \
  F(readAttribute, H5Aread)                   \
  F(closeAttribute, H5Aclose)                 \
  F(creationProperties, H5Dget_create_plist)  \
  F(accessProperties, H5Dget_access_plist)    \
  F(layout, H5Pget_layout)                    \
  F(externalFileCount, H5Pget_external_count) \
  F(filterCount, H5Pget_nfilters)             \
  F(filter, H5Pget_filter)                    \
  F(chunk, H5Pget_chunk)                      \
  F(setChunkCache, H5Pset_chunk_cache)        \
  F(closeProperties, H5Pclose)                \
  F(datasetSpace, H5Dget_space)               \
  F(datasetType, H5Dget_type)                 \
  F(datasetOffset, H5Dget_offset)             \
  F(storedByteCount, H5Dget_storage_size)     \
  F(readDataset, H5Dread)                     \
  F(spaceClass, H5Sget_simple_extent_type)    \
  F(rank, H5Sget_simple_extent_ndims)         \
  F(dimensions, H5Sget_simple_extent_dims)    \
  F(createSpace, H5Screate_simple)            \
  F(selectSlab, H5Sselect_hyperslab)          \
  F(closeSpace, H5Sclose)                     \
  F(typeClass, H5Tget_class)                  \
  F(typeSize, H5Tget_size)                    \
  F(byteOrder, H5Tget_order)                  \
  F(sign, H5Tget_sign)                        \
  F(precision, H5Tget_precision)              \
  F(bitOffset, H5Tget_offset)                 \
  F(floatFields, H5Tget_fields)               \
  F(exponentBias, H5Tget_ebias)               \
  F(normalization, H5Tget_norm)               \
  F(isVariableText, H5Tis_variable_str)       \
  F(textPadding, H5Tget_strpad)               \
  F(closeType, H5Tclose)                      \
  F(copyType, H5Tcopy)                        \
  F(createType, H5Tcreate)                    \
  F(setTypeSize, H5Tset_size)                 \
  F(setFloatFields, H5Tset_fields)            \
  F(setExponentBias, H5Tset_ebias)            \
  F(setTag, H5Tset_tag)                       \
  F(setTextPadding, H5Tset_strpad)            \
  F(setCharacterSet, H5Tset_cset)             \
  F(createScalarSpace, H5Screate)             \
  F(createGroup, H5Gcreate)                   \
  F(createDataset, H5Dcreate)                 \
  F(setLayout, H5Pset_layout)                 \
  F(setAllocationTime, H5Pset_alloc_time)     \
  F(setFillTime, H5Pset_fill_time)            \
  F(setTimes, H5Pset_obj_track_times)         \
  F(createAttribute, H5Acreate)               \
  F(writeAttribute, H5Awrite)

/// The functions of a loaded library.
struct hdf5_functions {
#define HDF5_MEMBER(member, function) __typeof__(&function) member;
  HDF5_FUNCTIONS(HDF5_MEMBER)
#undef HDF5_MEMBER
  /// The class of the properties of opening a file (`H5P_FILE_ACCESS`). A member and no static variable: each object file
  /// that inlines a function of a header has variables of its own.
  hid_t fileAccess;
  /// The class of the properties of a new dataset (`H5P_DATASET_CREATE`).
  hid_t datasetCreation;
  /// Types to copy: numbers of IEEE 754, little-endian, and texts of C (`H5T_IEEE_F32LE`, `H5T_IEEE_F64LE`, `H5T_C_S1`).
  hid_t float32;
  hid_t float64;
  hid_t text;
};

// The number at the end of the shared library's name: upstream's libtool version of each release series.
#if H5_VERSION_GE(1, 14, 0)
#define HDF5_LIBRARY_VERSION "310"
#elif H5_VERSION_GE(1, 12, 0)
#define HDF5_LIBRARY_VERSION "200"
#else
#define HDF5_LIBRARY_VERSION "103"
#endif

/// Loads and opens the library that the headers belong to. Returns what is missing or fails, or null.
static inline const char *_Nullable hdf5_load(struct hdf5_functions *_Nonnull functions) {
  static const char *const names[] = {
      "libhdf5_serial.so." HDF5_LIBRARY_VERSION, "libhdf5.so." HDF5_LIBRARY_VERSION, "libhdf5_serial.so",
      "libhdf5.so", "libhdf5.dylib", "/opt/homebrew/lib/libhdf5.dylib",
  };
  void *library = 0;
  for (unsigned i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  if (!library) return names[0];
#define HDF5_STRING(text) #text
#define HDF5_NAME(function) HDF5_STRING(function)
#define HDF5_LOAD(member, function)                                                                 \
  functions->member = (__typeof__(&function))dlsym(library, HDF5_NAME(function));                   \
  if (!functions->member) return HDF5_NAME(function);
  HDF5_FUNCTIONS(HDF5_LOAD)
  if (functions->open() < 0) return "H5open";
  // Identifiers that an open library has.
#define HDF5_IDENTIFIER(member, name)                              \
  {                                                                \
    const hid_t *identifier = (const hid_t *)dlsym(library, name); \
    if (!identifier) return name;                                  \
    functions->member = *identifier;                               \
  }
  HDF5_IDENTIFIER(fileAccess, "H5P_CLS_FILE_ACCESS_ID_g")
  HDF5_IDENTIFIER(datasetCreation, "H5P_CLS_DATASET_CREATE_ID_g")
  HDF5_IDENTIFIER(float32, "H5T_IEEE_F32LE_g")
  HDF5_IDENTIFIER(float64, "H5T_IEEE_F64LE_g")
  HDF5_IDENTIFIER(text, "H5T_C_S1_g")
#undef HDF5_IDENTIFIER
#undef HDF5_LOAD
#undef HDF5_NAME
#undef HDF5_STRING
  return 0;
}

/// The version that the headers describe; the structures that pass between program and library depend on it.
static inline void hdf5_header_version(unsigned *_Nonnull major, unsigned *_Nonnull minor) {
  *major = H5_VERS_MAJOR;
  *minor = H5_VERS_MINOR;
}

// A limit that is stricter already stays as it is: it cannot be raised, and a batch system may have set it.
static inline int worker_lower(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) return -1;
  if (now.rlim_max < hard) hard = now.rlim_max;
  if (now.rlim_cur < soft) soft = now.rlim_cur;
  const struct rlimit limit = {soft < hard ? soft : hard, hard};
  return setrlimit(resource, &limit);
}

/// Limits of this process: bytes of address space, seconds of processor time, bytes of the file it writes; no core dump.
static inline int worker_limit(unsigned long long address_space, unsigned long long processor_seconds,
                               unsigned long long file_size) {
  // A write beyond the limit fails and ends nobody.
  signal(SIGXFSZ, SIG_IGN);
  return worker_lower(RLIMIT_AS, address_space, address_space) |
         // The hard limit, a second later, ends what catches the signal of the soft one.
         worker_lower(RLIMIT_CPU, processor_seconds, processor_seconds + 1) |
         worker_lower(RLIMIT_FSIZE, file_size, file_size) | worker_lower(RLIMIT_CORE, 0, 0);
}

/// Lets this process end when the thread that started it does, however that ends. Nonzero where it is gone already.
static inline int worker_end_with_parent(void) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  // The parent alone reads the answer.
  struct pollfd answer = {.fd = STDOUT_FILENO, .events = 0};
  return poll(&answer, 1, 0) > 0 && (answer.revents & POLLERR) != 0;
}

/// Closes every descriptor but the standard ones and the file, whoever left them open.
static inline void worker_close_others(void) {
#ifdef SYS_close_range
  syscall(SYS_close_range, 4, ~0U, 0);
#endif
}

/// From here on no file can be opened: no external link, no raw storage, no plugin.
static inline int worker_forbid_files(void) {
  const struct rlimit none = {0, 0};
  return setrlimit(RLIMIT_NOFILE, &none);
}

#include "driver.h"
#include "new_file.h"
