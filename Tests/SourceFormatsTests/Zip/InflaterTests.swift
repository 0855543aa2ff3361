import SourceFormats
import Testing

@Suite struct InflaterTests {
  @Test(arguments: [1, 2, 7, 100], [1, 3, 64, 2000])
  func givesTheSameBytesWhateverTheChunks(_ inputCount: Int, _ outputCount: Int) throws {
    let inflater = try Inflater()
    var input = deflatedZeros[...]
    var output = [UInt8](repeating: 0xAA, count: outputCount)
    var total = 0
    while !inflater.isFinished {
      let step = try inflater.inflate(input.prefix(inputCount), into: &output)
      #expect(output.prefix(step.produced).allSatisfy { $0 == 0 })
      total += step.produced
      input = input.dropFirst(step.consumed)
    }
    #expect(total == 1000)
    #expect(input.isEmpty)
    #expect(output.count == outputCount)
  }

  @Test func leavesTheRestOfTheBufferAlone() throws {
    var output = [UInt8](repeating: 0xAA, count: 10)
    let step = try Inflater().inflate(deflatedZeros[...], into: &output, from: 6)
    #expect(step.produced == 4)
    #expect(output == Array(repeating: 0xAA, count: 6) + [0, 0, 0, 0])
  }

  @Test func stopsAtTheEndOfTheStream() throws {
    let inflater = try Inflater()
    var output = [UInt8](repeating: 0, count: 2000)
    let step = try inflater.inflate(deflatedZeros + [1, 2, 3], into: &output)
    #expect(step == Inflater.Step(consumed: deflatedZeros.count, produced: 1000))
    #expect(inflater.isFinished)
    #expect(try inflater.inflate([1, 2, 3], into: &output) == Inflater.Step(consumed: 0, produced: 0))
  }

  @Test func makesNoProgressWithoutInput() throws {
    var output = [UInt8](repeating: 0, count: 8)
    #expect(try Inflater().inflate([], into: &output) == Inflater.Step(consumed: 0, produced: 0))
  }

  @Test func refusesBytesThatAreNoStream() throws {
    var output = [UInt8](repeating: 0, count: 8)
    #expect(throws: SourceError(.malformed, "the bytes are not a deflate stream (zlib status -3)")) {
      try Inflater().inflate([0xFF, 0xFF], into: &output)
    }
  }
}
