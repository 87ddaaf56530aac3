package part10

import (
	"fmt"
)

// FileFault is what is wrong with a file.
type FileFault string

// The faults of a file.
const (
	// NotDICOM: the file has no sign of DICOM.
	NotDICOM FileFault = "NotDICOM"
	// Directory: a DICOMDIR, which lists instances but is not one.
	Directory FileFault = "Directory"
	// Truncated: the file ends too early.
	Truncated FileFault = "Truncated"
	// Malformed: the file does not comply with the standard.
	Malformed FileFault = "Malformed"
	// OddLength: the data set has an odd number of bytes, while a message has an even
	// one (PS3.8 section 9.3.5). The file can be converted.
	OddLength FileFault = "OddLength"
	// Unreadable: the transfer syntax is one that Scan can't read. The file may
	// be in order.
	Unreadable FileFault = "Unreadable"
)

// FileError is a fault of a file. A failing reader returns its own error instead.
type FileError struct {
	Fault FileFault
	// Offset is about where it was seen, in bytes from the file's start; in a
	// deflated data set, plus the bytes that were inflated.
	Offset int64
	what   string
}

// Error completes a sentence about the file.
func (e *FileError) Error() string { return e.what }

func fileError(fault FileFault, offset int64, format string, args ...any) *FileError {
	return &FileError{Fault: fault, Offset: offset, what: fmt.Sprintf(format, args...)}
}
