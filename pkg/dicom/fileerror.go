package dicom

import "fmt"

// FileFault is what is wrong with a file.
type FileFault string

// The faults that are told apart.
const (
	// NotPart10: no preamble with "DICM". It may be something else, or a data
	// set without File Meta Information, which can't be sent safely since
	// nothing says how it is encoded.
	NotPart10 FileFault = "NotPart10"
	// Directory: a DICOMDIR, which lists instances and is none.
	Directory FileFault = "Directory"
	// Truncated: the file ends too early.
	Truncated FileFault = "Truncated"
	// Malformed: what is there isn't written as the standard says.
	Malformed FileFault = "Malformed"
	// Mismatched: the File Meta Information and the data set speak of different
	// instances.
	Mismatched FileFault = "Mismatched"
	// Unreadable: the transfer syntax is one that Scan can't read. The file may
	// be in order.
	Unreadable FileFault = "Unreadable"
)

// FileError is a fault of a file. A failing reader gives its own error instead.
type FileError struct {
	Fault FileFault
	// Offset is about where it was seen, in bytes from the file's start; in a
	// deflated data set, plus the bytes that were inflated.
	Offset int64
	what   string
}

// Error is a sentence's rest about the file.
func (e *FileError) Error() string { return e.what }

func fileError(fault FileFault, offset int64, format string, args ...any) *FileError {
	return &FileError{Fault: fault, Offset: offset, what: fmt.Sprintf(format, args...)}
}
