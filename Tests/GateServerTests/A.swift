import Testing
import HummingbirdTesting
@testable import GateServer
@Test func a() { }
