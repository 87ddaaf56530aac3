package validate

import (
	"bytes"
	stdimage "image"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/checktest"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// picture encodes pixels of a square image as PNG.
func picture(t *testing.T, edge int, pixels []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	gray := &stdimage.Gray{Pix: pixels, Stride: edge, Rect: stdimage.Rect(0, 0, edge, edge)}
	if err := png.Encode(&out, gray); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCompareImages(t *testing.T) {
	pixels := part10.NewTestStudy([32]byte{1}, time.Unix(0, 0), 1)[0].Pixels()
	changed := func(by int) []byte {
		out := bytes.Clone(pixels)
		for i := range out {
			out[i] = byte(min(255, int(out[i])+by))
		}
		return out
	}
	other := make([]byte, len(pixels))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range other {
		other[i] = byte(random.IntN(256))
	}
	for about, c := range map[string]struct {
		decoded []byte
		want    likeness
		err     string
	}{
		"the same":           {picture(t, 64, bytes.Clone(pixels)), samePixels, ""},
		"one level brighter": {picture(t, 64, changed(1)), similarPixels, ""},
		"another image":      {picture(t, 64, other), otherPixels, ""},
		"another size":       {picture(t, 32, pixels[:1024]), otherPixels, ""},
		"no PNG":             {[]byte("<html>"), notDecoded, "decoding Orthanc's PNG"},
		"half a PNG":         {picture(t, 64, bytes.Clone(pixels))[:500], notDecoded, "decoding Orthanc's PNG"},
	} {
		got, err := compareImages(c.decoded, pixels)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %d, %v", about, got, err)
		}
	}
}

func TestJudgePixels(t *testing.T) {
	same := comparison{likeness: samePixels}
	lossy := comparison{likeness: similarPixels, syntax: "1.2.840.10008.1.2.4.50", renamed: true}
	unknown := comparison{likeness: notDecoded, syntax: "1.2.840.10008.1.2.4.90", reason: "it returns 415"}
	for about, c := range map[string]struct {
		has     int
		images  []comparison
		outcome check.Outcome
		code    finding.Code
		message string
	}{
		"all the same":                  {2, []comparison{same, same}, check.Pass, "", "found 2 images in this tenant's Orthanc, all pixels identical"},
		"one missing":                   {1, []comparison{same, {}}, check.Fail, check.CodeStudyDiffers, "has 1 images"},
		"one too many":                  {3, []comparison{same, same}, check.Fail, check.CodeStudyDiffers, "has 3 images"},
		"one differs":                   {2, []comparison{same, {syntax: "1.2.840.10008.1.2.4.80"}}, check.Fail, check.CodeStudyDiffers, "1 of them"},
		"one differs, the other lossy":  {2, []comparison{lossy, {}}, check.Fail, check.CodeStudyDiffers, "0 of them"},
		"one lossy":                     {2, []comparison{same, lossy}, check.Warn, check.CodeStudyLossy, "JPEG Baseline (Process 1): 1 of 2 images lost detail, and have new"},
		"one not decoded":               {2, []comparison{same, unknown}, check.Warn, check.CodePixelsNotCompared, "JPEG 2000 (Lossless Only)"},
		"the same in another encoding ": {2, []comparison{{likeness: samePixels, syntax: "1.2.840.10008.1.2.5"}, same}, check.Pass, "", "stored as RLE Lossless"},
	} {
		checktest.Expect(t, about, judgePixels(c.has, c.images, "all"), c.outcome, c.code, c.message)
	}
}

func TestMatch(t *testing.T) {
	var has [2]storedImage
	has[0].MainDicomTags.SOPInstanceUID, has[0].MainDicomTags.InstanceNumber = "2.25.1", "1 "
	has[1].MainDicomTags.SOPInstanceUID, has[1].MainDicomTags.InstanceNumber = "1.9.9", "2"
	for _, c := range []struct {
		uid     string
		number  int
		want    string
		renamed bool
	}{{"2.25.1", 2, "2.25.1", false}, {"2.25.2", 2, "1.9.9", true}, {"2.25.3", 3, "", false}} {
		got, renamed := match(has[:], c.uid, c.number)
		uid := ""
		if got != nil {
			uid = got.MainDicomTags.SOPInstanceUID
		}
		if uid != c.want || renamed != c.renamed {
			t.Errorf("%s: %q, %t", c.uid, uid, renamed)
		}
	}
}
