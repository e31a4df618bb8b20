import Foundation

// What Foundation cannot make, or not in these words. True when made.

func makePipe(_ path: String) -> Bool { unsafe mkfifo(path, 0o600) == 0 }
func makeDirectory(_ path: String) -> Bool { unsafe mkdir(path, 0o700) == 0 }
func makeLink(_ path: String, to target: String) -> Bool { unsafe symlink(target, path) == 0 }
func makeHardLink(_ path: String, to target: String) -> Bool { unsafe link(target, path) == 0 }
func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }
