package part10

import (
	"bytes"
	"crypto/sha256"
	"strings"
	"testing"
)

func TestNewTestStudy(t *testing.T) {
	study := NewTestStudy([32]byte{1}, someTime, 3)
	seen := map[string]bool{}
	for _, instance := range study {
		found, err := Scan(bytes.NewReader(instance.File))
		if err != nil {
			t.Fatal(err)
		}
		if found != instance.Instance {
			t.Errorf("found %+v instead of %+v", found, instance.Instance)
		}
		pixels := instance.File[found.PixelOffset:][:found.PixelLength]
		if sha256.Sum256(pixels) != instance.PixelSHA256 || seen[string(pixels)] || seen[found.SOPInstance] {
			t.Error("the pixels or the UID are not the instance's own")
		}
		sum := 0
		for i := 1; i < len(pixels); i++ {
			sum += int(max(pixels[i], pixels[i-1]) - min(pixels[i], pixels[i-1]))
		}
		if mean := sum / len(pixels); mean > 24 {
			t.Errorf("neighbours differ by %d, as in noise", mean)
		}
		seen[string(pixels)], seen[found.SOPInstance] = true, true
		if found.StudyUID != study[0].StudyUID || found.SeriesUID != study[0].SeriesUID || found.StudyUID == found.SeriesUID {
			t.Error("it isn't one study of one series")
		}
		if !bytes.Contains(instance.File, []byte(instance.PatientID)) || !strings.HasPrefix(instance.PatientID, TestPatientIDPrefix) {
			t.Errorf("the patient is %s", instance.PatientID)
		}
	}
	if !bytes.Equal(study[2].File, NewTestStudy([32]byte{1}, someTime, 3)[2].File) {
		t.Error("the same seed gives other bytes")
	}
	if NewTestStudy([32]byte{2}, someTime, 1)[0].StudyUID == study[0].StudyUID {
		t.Error("another seed gives the same study")
	}
}
