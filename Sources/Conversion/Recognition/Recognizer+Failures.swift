import Architectures
import SourceFormats

/// Why nothing was recognised, in words.
extension Recognizer {
  func noTensors(_ index: SourceIndex) -> ConversionError {
    let unreadable = unreadableTensors(of: index)
    let objects = index.placeholders.prefix(3).map { "\($0.name) (\($0.count))" }.joined(separator: ", ")
    let holdsArrays = index.placeholders.contains { $0.name.hasPrefix("numpy.") }
    var message = "the file holds no tensors"
    if !unreadable.isEmpty {
      message += " that can be read, only \(unreadable)" + (objects.isEmpty ? "" : "; it names \(objects)")
    } else if !objects.isEmpty {
      message += ", only objects of \(objects)"
    }
    // What was not looked into may hold them.
    for note in index.notes.prefix(3) { message += "; \(note)" }
    return ConversionError(
      .noStateDict, message,
      hint: holdsArrays
        ? "save PyTorch tensors instead of NumPy arrays: torch.from_numpy(array)"
        : index.container.isKeras
          ? "in Python, save the weights as floating-point numbers"
          : "save a state dict: torch.save(model.state_dict(), \"weights.pth\")"
            + (objects.isEmpty
              ? "" : "; loading the file in Python would run what it names, so only if you trust it"))
  }

  /// The first tensors without dense bytes, with the reasons; empty where there are none.
  private func unreadableTensors(of index: SourceIndex) -> String {
    let all = index.extras.lazy.compactMap { extra -> String? in
      guard case .unreadableTensor(let reason) = extra.value else { return nil }
      return "\"\(extra.path.joined(separator: index.separator))\" (\(reason))"
    }
    return all.prefix(3).joined(separator: ", ")
  }

  /// Two names that become one once wrappers are taken away, as an error; `nil` where there are none.
  func collision(in places: [StateDict]) -> ConversionError? {
    for place in places {
      guard let collision = PrefixStripping.collision(in: place) else { continue }
      return ConversionError(
        .nameCollision,
        "\"\(collision.first)\" and \"\(collision.second)\" both become \"\(collision.name)\" without wrappers",
        hint: "the file mixes two state dicts; save the one that is meant under one prefix")
    }
    return nil
  }

  /// Why layers that Keras named are not recognised, as an error; `nil` where others have names, too.
  private func numbered(_ places: [StateDict], _ index: SourceIndex) -> ConversionError? {
    for place in places where place.framework == .keras {
      for reading in PrefixStripping.readings(of: place) {
        guard let layers = NumberedLayers(reading, index) else { continue }
        let counts = KerasLayerClass.allCases.compactMap { kind in
          layers.layers[kind].map { "\($0.count) \(kind.rawValue)" }
        }
        let dialects = library.dialects.filter(\.hasAutomaticNames).map(\.name).joined(separator: ", ")
        return ConversionError(
          .unrecognized,
          "the layers have numbers for names (\(counts.joined(separator: ", "))), and neither numbers nor shapes nor "
            + "their order are those of a known code base",
          hint:
            "save the whole model, which says how its layers are connected: model.save(\"model.h5\"); from weights "
            + "alone networks of \(dialects) are known")
      }
    }
    return nil
  }

  func unrecognized(_ places: [StateDict], _ nearest: Fit?, _ index: SourceIndex) -> ConversionError {
    if let collision = collision(in: places) { return collision }
    let names = places.first?.names ?? []
    if let refused = RefusedModules.explanation(for: names) {
      return ConversionError(.unrepresentable, "the file holds \(refused)")
    }
    if let numbered = numbered(places, index) { return numbered }
    let shown = names.prefix(3).map { "\"\($0)\"" }.joined(separator: ", ")
    let unreadable = unreadableTensors(of: index)
    let lost =
      unreadable.isEmpty ? "" : "; besides there are tensors that cannot be read: \(unreadable)"
    let begin = names.count == 1 ? "the tensor name" : "the \(names.count) tensor names, which begin with"
    let percent =
      nearest.map {
        "; the nearest is \($0.dialect.name) \($0.architecture.name), where \(Int($0.score * 100)) % of the names agree"
      } ?? ""
    return ConversionError(
      .unrecognized,
      "no dialect knows \(begin) \(shown)\(percent)\(lost)",
      hint:
        "supported are ResNets and MobileNetV2 with SE, BAM, CBAM, ECA or NAM; 'attnconv map' drafts "
        + "a file for --dialect-file that describes other names")
  }
}
