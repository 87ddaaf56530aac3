package validate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"slices"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// likeness is how an image that Orthanc has compares with the one that was sent.
type likeness int

const (
	// otherPixels is the zero value.
	otherPixels likeness = iota
	samePixels
	// similarPixels: Orthanc stores the image with loss.
	similarPixels
	// notDecoded: Orthanc stores it compressed, and can't decode it.
	notDecoded
)

// comparison is the result for one image.
type comparison struct {
	likeness likeness
	// syntax is the transfer syntax in which Orthanc stores it, "" if it was not requested.
	syntax string
	// renamed: it has another SOP Instance UID than the image that was sent.
	renamed bool
	// reason is why it was not decoded.
	reason string
}

// comparePixels reads the pixels of an image from Orthanc. It may store them in another
// transfer syntax than they were sent in (IngestTranscoding): then they are compared as
// Orthanc decodes them.
func (v *validation) comparePixels(ctx context.Context, id string, sent part10.TestInstance) (comparison, error) {
	ask := func(path string) ([]byte, error) {
		status, answer, err := v.web.Request(ctx, http.MethodGet, "/instances/"+id+path, nil, v.login)
		return answer, check.OrStatus(err, status)
	}
	stored, err := ask("/frames/0/raw")
	if err != nil {
		return comparison{}, err
	}
	if sha256.Sum256(stored) == sent.PixelSHA256 {
		return comparison{likeness: samePixels}, nil
	}
	syntax, err := ask("/metadata/TransferSyntax")
	if err != nil {
		return comparison{}, nil // the bytes differ, and it is not known that they are encoded
	}
	c := comparison{syntax: strings.TrimRight(string(syntax), "\x00 \r\n")}
	if !encapsulated(c.syntax) {
		return c, nil
	}
	decoded, err := ask("/frames/0/image-uint8")
	var status *check.StatusError
	if errors.As(err, &status) { // Orthanc has no decoder
		c.likeness, c.reason = notDecoded, err.Error()
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.likeness, err = compareImages(decoded, sent.Pixels())
	switch {
	case err != nil:
		c.reason = err.Error()
	case c.likeness == similarPixels && lossless(c.syntax):
		c.likeness = otherPixels
	}
	return c, nil
}

// encapsulated reports whether pixels are encoded in a transfer syntax (PS3.5 section A.4).
func encapsulated(uid string) bool {
	return uid == "1.2.840.10008.1.2.5" || strings.HasPrefix(uid, "1.2.840.10008.1.2.4.")
}

// lossless reports whether a transfer syntax keeps every pixel (PS3.5 section A.4).
func lossless(uid string) bool {
	switch uid {
	case "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90",
		"1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.5":
		return true
	}
	return false
}

// maxDifference is how much pixels of 8 bits may differ on average for a lossy form of the
// same image: it is at most 20 for JPEG, and 85 for two different test images.
const maxDifference = 40

// compareImages compares a PNG of an image of 8 bits with its pixels.
func compareImages(decoded, pixels []byte) (likeness, error) {
	size, err := png.DecodeConfig(bytes.NewReader(decoded))
	if err != nil {
		return notDecoded, fmt.Errorf("decoding Orthanc's PNG: %w", err)
	}
	if size.Width > len(pixels) || size.Height > len(pixels) || size.Width*size.Height != len(pixels) {
		return otherPixels, nil // also what would take much memory
	}
	got, err := png.Decode(bytes.NewReader(decoded))
	if err != nil {
		return notDecoded, fmt.Errorf("decoding Orthanc's PNG: %w", err)
	}
	sum := 0
	for i, sent := range pixels {
		at := got.At(got.Bounds().Min.X+i%size.Width, got.Bounds().Min.Y+i/size.Width)
		stored := color.GrayModel.Convert(at).(color.Gray).Y
		sum += int(max(stored, sent) - min(stored, sent))
	}
	switch {
	case sum == 0:
		return samePixels, nil
	case sum <= maxDifference*len(pixels):
		return similarPixels, nil
	}
	return otherPixels, nil
}

// judgePixels is pure. has is how many images of the study Orthanc has.
func judgePixels(has int, images []comparison, expected string) check.Check {
	count := map[likeness]int{}
	as := map[likeness]string{}
	for _, i := range images {
		count[i.likeness]++
		if i.syntax != "" {
			as[i.likeness] = part10.TransferSyntaxName(i.syntax)
		}
	}
	same, lossy, unknown := count[samePixels], count[similarPixels], count[notDecoded]
	switch {
	case has != len(images) || count[otherPixels] > 0:
		return check.Failed(check.CodeStudyDiffers, fmt.Sprintf("Orthanc has %d images of the study, %d of them with the pixels that were sent", has, same), expected,
			finding.Fix{Text: "Check whether anything in between changes the images: a DICOM proxy, or a Lua script or plugin that modifies what Orthanc receives"})
	case lossy > 0:
		found := fmt.Sprintf("Orthanc stores images with lossy compression, as %s: %d of %d images lost detail", as[similarPixels], lossy, has)
		if slices.ContainsFunc(images, func(i comparison) bool { return i.renamed }) {
			found += ", and have new SOP Instance UIDs"
		}
		return check.Warned(check.CodeStudyLossy, found, expected, finding.Fix{
			Text: "Check whether lossy compression is acceptable here (IngestTranscoding); JPEG-LS Lossless, 1.2.840.10008.1.2.4.80, also saves space and keeps pixels and UIDs",
		})
	case unknown > 0:
		c := check.Warned(check.CodePixelsNotCompared, fmt.Sprintf("found %d images in this tenant's Orthanc, stored as %s, which Orthanc did not decode for comparison", has, as[notDecoded]), expected,
			finding.Fix{Text: "Compare an image with the original in a viewer: validate cannot tell a lossless form from a damaged one here"})
		for _, i := range images {
			if i.reason != "" {
				c.Details = append(c.Details, i.reason)
			}
		}
		return c
	}
	found := fmt.Sprintf("found %d images in this tenant's Orthanc, all pixels identical", has)
	if syntax := as[samePixels]; syntax != "" {
		found += ", stored as " + syntax
	}
	return check.Passed(found)
}
