package part10

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"
)

// TestInImplicitVR reads a test instance back, with the same UIDs and pixels.
func TestInImplicitVR(t *testing.T) {
	explicit := NewTestStudy([32]byte{4}, time.Unix(1_700_000_000, 0), 1)[0]
	implicit := explicit.InImplicitVR()
	got, err := Scan(bytes.NewReader(implicit.File))
	if err != nil {
		t.Fatal(err)
	}
	if got.Meta != implicit.Meta || got.StudyUID != explicit.StudyUID || got.SOPInstance != explicit.SOPInstance || got.TransferSyntax != ImplicitVRLittleEndian {
		t.Errorf("%+v", got)
	}
	if got.PixelOffset != implicit.PixelOffset || sha256.Sum256(implicit.File[got.PixelOffset:][:got.PixelLength]) != explicit.PixelSHA256 {
		t.Error("the pixels are others")
	}
	if explicit.TransferSyntax != ExplicitVRLittleEndian {
		t.Error("the instance itself was changed")
	}
}
