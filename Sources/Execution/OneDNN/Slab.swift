#if canImport(COneDNN)
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Musl)
    import Musl
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// Memory for numbers, aligned for vectors and in huge pages where the system has them: fewer page faults while weights
  /// are packed, fewer misses of the page table while they are read.
  ///
  /// `@unchecked Sendable`: address and size never change, and the memory lasts until the last reference is gone. What it
  /// holds is not guarded by the slab but by its two users. ``PackedWeights`` fills a part under its lock before it hands
  /// the part out, and nobody writes it afterwards; its one slab for scaling is used under the lock alone. The arena of a
  /// ``CompiledNetwork`` belongs to that network, which serves one run at a time.
  @safe
  final class Slab: @unchecked Sendable {
    let address: UnsafeMutableRawPointer
    let byteCount: Int

    /// The size of a huge page on x86-64 and arm64.
    private static let hugePage = 1 << 21
    /// A cache line, and the widest vector of AVX-512.
    static let alignment = 64

    init(byteCount: Int) {
      self.byteCount = max(byteCount, Self.alignment)
      let isLarge = byteCount >= Self.hugePage
      unsafe address = UnsafeMutableRawPointer.allocate(
        byteCount: self.byteCount, alignment: isLarge ? Self.hugePage : Self.alignment)
      #if os(Linux)
        // Advice: a failure changes nothing but the speed.
        if isLarge { unsafe _ = madvise(address, byteCount, MADV_HUGEPAGE) }
      #endif
    }

    deinit { unsafe address.deallocate() }

    /// A size rounded up so that what follows is aligned.
    static func rounded(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
  }

  /// A part of a slab, which it keeps alive.
  @safe
  struct SlabPart: Sendable {
    let slab: Slab
    let offset: Int

    var address: UnsafeMutableRawPointer { unsafe slab.address + offset }
    var floats: UnsafeMutablePointer<Float> { unsafe address.assumingMemoryBound(to: Float.self) }
  }
#endif
