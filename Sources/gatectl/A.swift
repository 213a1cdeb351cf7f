import ArgumentParser
import GateCore
@main struct A { static func main() { print(x()) } }
