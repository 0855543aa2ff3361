/// The limits of the pickle machine. Each stops a file that costs far more to read than its size suggests.
enum PickleLimits {
  /// The most bytes of one pickle. The index of a checkpoint of 10,000 tensors has 1.5 MB; training
  /// checkpoints that keep vocabularies or random states in it reach some ten megabytes.
  static let byteCount = 1 << 27

  /// The most values of one pickle: 8 million, at 24 bytes each.
  static let nodeCount = 1 << 23

  /// The most bytes of memory that a pickle and its values may take, as ``PickleGraph`` estimates them: 336 MB, so
  /// that the whole program stays below 512 MB. A tensor of a state dict takes some 1.4 KB; two bytes of a pickle that
  /// nests tuples take 84, and deflate leaves 8 KB of eight million of them.
  static let memoryByteCount = 336 << 20

  /// The most values on the stack at once: 4 million. Picklers write containers in batches of 1000, so
  /// only a huge tuple gets anywhere near it.
  static let stackDepth = 1 << 22

  /// The most open marks. Each level of a nested tuple or batch holds one.
  static let markCount = 1 << 20

  /// The most entries of the memo; picklers number their values one by one.
  static let memoCount = 1 << 23

  /// The most bytes of one text.
  static let textByteCount = 1 << 24

  /// The most bytes of a line of protocol 0 that names a module, a class, a memo entry or a number.
  static let lineByteCount = 4096

  /// The most bytes of an integer: what the one-byte length of `LONG1` can say. Turning longer ones into
  /// decimal costs quadratic time (CPython has a limit for the same reason), and no checkpoint needs them.
  static let integerByteCount = 255

  /// The most values that calls copy from one container into another, in sum. A copy takes one opcode and
  /// may repeat a large container.
  static let copiedItemCount = 1 << 24

  /// The most classes and functions that a pickle names; real files have fewer than a hundred.
  static let globalCount = 1 << 16

  /// The most tensors and references to storages that a pickle makes: four for each tensor that may be
  /// listed. A call of a memoized function with memoized arguments takes six bytes and makes 200.
  static let tableCount = 1 << 20

  /// How deep `_rebuild_from_type_v2` may nest in its own arguments; PyTorch writes one level.
  static let rebuildNesting = 8

  /// The most dimensions of a tensor; PyTorch's kernels stop at 64.
  static let rank = 64

  /// The most elements of a view that has more elements than its storage, as `expand` makes them: 268
  /// million (1 GB of float32). Without a limit four bytes can stand for a petabyte.
  static let expandedElementCount = 1 << 28

  /// The most levels of containers that are looked into for tensors; real files have fewer than ten.
  static let treeDepth = 64

  /// The most tensors that are listed.
  static let tensorCount = 1 << 18

  /// The most values beside tensors that are listed; the rest is counted in a note.
  static let extraCount = 10_000

  /// The most notes about single places of the tree.
  static let placeNoteCount = 20

  /// How often all values of a pickle may be visited while tensors are collected. Containers that are
  /// reached on several paths count each time: an averaged copy that shares its tensors doubles the number,
  /// but nested sharing multiplies it.
  static let visitsPerValue = 8

  /// Visits that are allowed on top, so that small files are not bound by their size.
  static let visitBase = 1 << 20

  /// The most bytes of all tensor paths in sum: 512 for each of the most tensors.
  static let nameByteCount = 1 << 27
}
