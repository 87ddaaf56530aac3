package validate

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

func TestFirstFailedAnswer(t *testing.T) {
	t.Parallel()
	answer := func(path string, status int, text string) func(*setup) {
		return func(s *setup) {
			s.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				hit := strings.HasPrefix(r.URL.Path, path) && r.Method != http.MethodDelete
				if hit {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, text)
				}
				return hit
			}
		}
	}
	dicomPeer := func(change func(*peer)) func(*setup) { return func(s *setup) { change(s.peer) } }
	const onPage, onAssociation = "web-default-password web-system study-found", "dicom-echo archive-limits dicom-store study-found study-elsewhere clean-up archive-unchanged"
	for _, c := range []brokenHop{
		{about: "no pod behind the ingress", change: answer("/", 503, "no healthy upstream"), fails: "web-page", code: check.CodeWebStatus, message: "503 Service Unavailable: no healthy upstream", skipped: onPage},
		{about: "another page", change: answer("/", 200, "<h1>It works!</h1>"), fails: "web-page", code: check.CodeNotOrthanc, message: "is not Orthanc's explorer", skipped: onPage},
		{about: "a wrong password", change: func(s *setup) { s.subject.Login = wrong("bhs") }, fails: "web-page", code: check.CodeWebPassword, message: `the password of user "admin" is not accepted`, skipped: onPage},
		{about: "another program's API", change: answer("/system", 200, `{"ok":true}`), fails: "web-system", code: check.CodeNotOrthanc, message: "is not Orthanc's", skipped: "study-found"},
		{about: "rejected", change: dicomPeer(func(p *peer) { p.answer = rejection }), fails: "dicom-association", code: check.CodeAssociationRejected, message: "called-AE-title-not-recognized", skipped: onAssociation},
		{about: "aborted", change: dicomPeer(func(p *peer) { p.answer = abortion }), fails: "dicom-association", code: check.CodeAssociationAborted, message: "the peer aborted", skipped: onAssociation},
		{about: "no DICOM", change: dicomPeer(func(p *peer) { p.answer = []byte("SSH-2.0-OpenSSH_9.6\r\n") }), fails: "dicom-association", code: check.CodeAssociationFailed, message: "no association was established", skipped: onAssociation},
		{about: "no images taken", change: dicomPeer(func(p *peer) { p.refuses = "1.2.840.10008.5.1.4.1.1.7" }), fails: "dicom-association", code: check.CodeContextRefused, message: "Secondary Capture Image Storage", skipped: onAssociation},
		{about: "no echo taken", change: dicomPeer(func(p *peer) { p.refuses = "1.2.840.10008.1.1" }), fails: "dicom-association", code: check.CodeContextRefused, message: "Verification", skipped: onAssociation},
		{about: "C-ECHO fails", change: dicomPeer(func(p *peer) { p.echo = 0x0110 }), fails: "dicom-echo", code: check.CodeEchoFailed, message: "processing failure", skipped: "archive-limits dicom-store study-found study-elsewhere clean-up archive-unchanged"},
		{about: "no room for the first image", change: dicomPeer(func(p *peer) { p.store = func(int) uint16 { return 0xA700 } }),
			fails: "dicom-store", code: check.CodeStoreFailed, message: "refused: out of resources", skipped: "study-found study-elsewhere clean-up"},
		{about: "no room for the second image", change: dicomPeer(func(p *peer) { p.store = func(n int) uint16 { return uint16(n-1) * 0xA700 } }),
			fails: "dicom-store", code: check.CodeStoreFailed, message: "image 2 of 2", skipped: "study-found study-elsewhere"},
		{about: "lost", change: func(s *setup) { s.archive.lose = true }, fails: "study-found", code: check.CodeStudyMissing, message: "does not have it"},
		{about: "other pixels", change: func(s *setup) { s.archive.damage = func(i *image) { i.pixels[7] ^= 1 } }, fails: "study-found", code: check.CodeStudyDiffers, message: "2 images of the study, 0 of them with the pixels"},
		{about: "fewer images", change: func(s *setup) {
			s.archive.damage = func(*image) { s.archive.lose = s.archive.len() == 1 }
		}, fails: "study-found", code: check.CodeStudyDiffers, message: "1 images of the study, 1 of them"},
		{about: "the search fails", change: answer("/tools/lookup", 500, ""), fails: "study-found", code: check.CodeNotOrthanc, message: "/tools/lookup: it returns 500 Internal Server Error", left: 2},
		{about: "the list fails", change: answer("/studies/", 503, ""), fails: "study-found", code: check.CodeNotOrthanc, message: "images failed: it returns 503 Service Unavailable"},
		{about: "the pixels can't be had", change: answer("/instances", 502, ""), fails: "study-found", code: check.CodeNotOrthanc, message: "502 Bad Gateway"},
	} {
		t.Run(c.about, c.check)
	}
}
