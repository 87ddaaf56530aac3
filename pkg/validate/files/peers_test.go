//go:build peers

package files

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
)

// TestPeers runs TestInside beside real peers, in a network of its own.
func TestPeers(t *testing.T) {
	cmd := exec.Command("../../../bench/peers", t.TempDir(), os.Args[0], "-test.run=^TestInside", "-test.v")
	cmd.Env = append(os.Environ(), "ORTHWEB_INSIDE=1")
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Count(out, []byte("--- PASS: TestInside")) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
}

// images writes test images of two studies.
func images(t *testing.T, n int) string {
	dir := t.TempDir()
	for i := range 2 {
		for j, image := range part10.NewTestStudy([32]byte{byte(i), byte(n)}, time.Unix(1_700_000_000, 0), n/2) {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%04d.dcm", i, j)), image.File, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func inside(t *testing.T, address string, paths ...string) transfer.Options {
	if os.Getenv("ORTHWEB_INSIDE") == "" {
		t.Skip("TestPeers runs it")
	}
	return transfer.Options{
		Paths: paths, Calling: "ORTHWEB", Called: "ORTHANC",
		Dial: func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) },
	}
}

// TestInsideOrthanc sends, asks for what is there, and sends again what was lost.
func TestInsideOrthanc(t *testing.T) {
	o := inside(t, "127.0.0.1:4242", images(t, 300))
	o.Resume, o.Server = filepath.Join(t.TempDir(), "resume"), "orthanc"
	r, err := transfer.Files(t.Context(), o)
	if err != nil || r.Stored != 300 {
		t.Fatalf("stored %d, failed %v, %v", r.Stored, r.Failed, err)
	}
	if c := Found(t.Context(), r, inOrthanc, nil, 0); c.Outcome != check.Pass {
		t.Errorf("%+v", c)
	}
	var first []struct{ ID string }
	ask(t.Context(), http.MethodPost, "/tools/lookup", firstOf(r.Studies), &first)
	var instances []struct{ ID string }
	ask(t.Context(), http.MethodGet, "/studies/"+first[0].ID+"/instances", "", &instances)
	ask(t.Context(), http.MethodDelete, "/instances/"+instances[0].ID, "", nil)
	again, err := transfer.Files(t.Context(), o)
	if err != nil || again.Before != 300 {
		t.Errorf("before %d, %v", again.Before, err)
	}
	if c := Found(t.Context(), again, inOrthanc, nil, 0); c.Outcome != check.Fail || len(c.Details) != 1 || !strings.Contains(c.Details[0], ".dcm (SOP Instance UID ") {
		t.Errorf("%+v", c)
	}
}

func firstOf(studies map[string][]transfer.Digest) string {
	for uid := range studies {
		return uid
	}
	return ""
}

var inOrthanc = check.Archive{Tenant: "bhs", Instances: func(ctx context.Context, uid string) (map[string]string, error) {
	var found []struct{ ID string }
	if err := ask(ctx, http.MethodPost, "/tools/lookup", uid, &found); err != nil || len(found) == 0 {
		return nil, err
	}
	var instances []struct {
		ID            string
		MainDicomTags struct{ SOPInstanceUID string }
	}
	err := ask(ctx, http.MethodGet, "/studies/"+found[0].ID+"/instances", "", &instances)
	has := map[string]string{}
	for _, i := range instances {
		has[i.MainDicomTags.SOPInstanceUID] = i.ID
	}
	return has, err
}}

func ask(ctx context.Context, method, path, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://127.0.0.1:8042"+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if into == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
