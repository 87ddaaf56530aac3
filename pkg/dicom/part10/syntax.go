package part10

import (
	"strings"
)

// Transfer syntaxes that are neither compressed nor encapsulated (PS3.5 annex A).
const (
	ImplicitVRLittleEndian = "1.2.840.10008.1.2"
	ExplicitVRLittleEndian = "1.2.840.10008.1.2.1"
	Deflated               = "1.2.840.10008.1.2.1.99"
	ExplicitVRBigEndian    = "1.2.840.10008.1.2.2"
)

// syntaxNames are the transfer syntaxes of stored files (PS3.6 table A-1).
var syntaxNames = map[string]string{
	ImplicitVRLittleEndian:    "Implicit VR Little Endian",
	ExplicitVRLittleEndian:    "Explicit VR Little Endian",
	"1.2.840.10008.1.2.1.98":  "Encapsulated Uncompressed Explicit VR Little Endian",
	Deflated:                  "Deflated Explicit VR Little Endian",
	ExplicitVRBigEndian:       "Explicit VR Big Endian (Retired)",
	"1.2.840.10008.1.2.4.50":  "JPEG Baseline (Process 1)",
	"1.2.840.10008.1.2.4.51":  "JPEG Extended (Process 2 & 4)",
	"1.2.840.10008.1.2.4.57":  "JPEG Lossless, Non-Hierarchical (Process 14)",
	"1.2.840.10008.1.2.4.70":  "JPEG Lossless, Non-Hierarchical, First-Order Prediction",
	"1.2.840.10008.1.2.4.80":  "JPEG-LS Lossless",
	"1.2.840.10008.1.2.4.81":  "JPEG-LS Lossy (Near-Lossless)",
	"1.2.840.10008.1.2.4.90":  "JPEG 2000 (Lossless Only)",
	"1.2.840.10008.1.2.4.91":  "JPEG 2000",
	"1.2.840.10008.1.2.4.92":  "JPEG 2000 Part 2 Multi-component (Lossless Only)",
	"1.2.840.10008.1.2.4.93":  "JPEG 2000 Part 2 Multi-component",
	"1.2.840.10008.1.2.4.100": "MPEG2 Main Profile / Main Level",
	"1.2.840.10008.1.2.4.101": "MPEG2 Main Profile / High Level",
	"1.2.840.10008.1.2.4.102": "MPEG-4 AVC/H.264 High Profile / Level 4.1",
	"1.2.840.10008.1.2.4.103": "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
	"1.2.840.10008.1.2.4.104": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
	"1.2.840.10008.1.2.4.105": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
	"1.2.840.10008.1.2.4.106": "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
	"1.2.840.10008.1.2.4.107": "HEVC/H.265 Main Profile / Level 5.1",
	"1.2.840.10008.1.2.4.108": "HEVC/H.265 Main 10 Profile / Level 5.1",
	"1.2.840.10008.1.2.4.201": "High-Throughput JPEG 2000 (Lossless Only)",
	"1.2.840.10008.1.2.4.202": "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)",
	"1.2.840.10008.1.2.4.203": "High-Throughput JPEG 2000",
	"1.2.840.10008.1.2.5":     "RLE Lossless",
}

// TransferSyntaxName is the name of PS3.6 table A-1, or the UID itself if this package has no
// name for it.
func TransferSyntaxName(uid string) string {
	if name, ok := syntaxNames[uid]; ok {
		return name
	}
	return uid
}

// readable reports whether Scan can read the encoding of a data set. Of the standard's own
// transfer syntaxes, all except those in the package's table and the JPIP ones are explicit
// VR little endian (PS3.5 section A.4); private ones are not known.
func readable(uid string) bool {
	switch uid {
	case "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205": // JPIP, deflated
		return false
	}
	return syntaxNames[uid] != "" || strings.HasPrefix(uid, "1.2.840.10008.1.2.4.") || strings.HasPrefix(uid, "1.2.840.10008.1.2.8.")
}

// encapsulated reports whether pixel data must be encapsulated (PS3.5 section A.4).
func encapsulated(uid string) bool {
	return uid == "1.2.840.10008.1.2.5" || uid == "1.2.840.10008.1.2.1.98" || strings.HasPrefix(uid, "1.2.840.10008.1.2.4.")
}
