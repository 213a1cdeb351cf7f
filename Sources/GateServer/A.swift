import Hummingbird
import HummingbirdTLS
import JWTKit
import AsyncHTTPClient
import Configuration
import GateCore
@main struct A { static func main() {} }
