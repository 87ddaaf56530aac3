//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package transfer

import (
	"errors"
	"os"
)

// tryLock fails: there is no lock that ends with the process.
func tryLock(*os.File) error { return lockFailed(errors.ErrUnsupported) }
