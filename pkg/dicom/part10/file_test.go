package part10

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var someTime = time.Date(2024, 2, 29, 13, 14, 15, 0, time.UTC)

// someInstance is an instance that is not in a file yet.
var someInstance = Meta{SOPClass: SecondaryCaptureStorage, SOPInstance: "2.25.1", TransferSyntax: ExplicitVRLittleEndian}

func someFile() TestInstance { return NewTestStudy([32]byte{1, 2, 3}, someTime, 1)[0] }

// inSyntax is a file in a transfer syntax with the given data set, which belongs to
// someInstance.
func inSyntax(syntax string, data []byte) []byte {
	return append(fileMeta(someInstance.SOPClass, someInstance.SOPInstance, syntax), data...)
}

// identity is the required part of an explicit little endian data set.
func identity() elements {
	var b elements
	b.text(tagSOPClassUID, "UI", someInstance.SOPClass)
	b.text(tagSOPUID, "UI", someInstance.SOPInstance)
	return b
}

// identityImplicit is the same in implicit VR little endian, as octets.Parse reads it.
const identityImplicit = "0800 1600 1a000000 '1.2.840.10008.5.1.4.1.1.7' 00  0800 1800 06000000 '2.25.1'"

// faulty checks that an error has this fault and this text; without a text, that there is
// no error.
func faulty(t *testing.T, err error, fault FileFault, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("the error is %v instead of …%s…", err, want)
	}
	var e *FileError
	if ok := errors.As(err, &e); ok != (fault != "") || ok && e.Fault != fault {
		t.Errorf("the fault is %v instead of %s", err, fault)
	}
}
