import Testing

/// Everything about who is asking. One suite in it for each type of `Sources/GateServer/Identity`.
@Suite("Identity")
enum IdentityTests {}
