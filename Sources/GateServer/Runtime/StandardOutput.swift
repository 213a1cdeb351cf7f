import Foundation

/// Lines for whoever started the server: written at once, even into a pipe.
enum StandardOutput {
    static func print(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
