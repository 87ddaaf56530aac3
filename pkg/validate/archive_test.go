package validate

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// archive simulates one tenant's Orthanc and its REST API, as far as a validation uses it. It
// replaces Orthanc in tests of faults that an Orthanc doesn't show on request.
type archive struct {
	mu     sync.Mutex
	images []image
	// passwords are the passwords of its users.
	passwords map[string]string
	// open means that it requires no password.
	open bool
	// instead answers a request, if it isn't nil and returns true.
	instead func(http.ResponseWriter, *http.Request) bool
	// damage changes an image before it is stored.
	damage func(*image)
	// lose discards all stored images.
	lose bool
	// credentials are all credentials that it received, as user:password.
	credentials []string
	// into is the archive that stores the images, if it isn't this one.
	into *archive
	// patients are its other patients, by their ids; loses removes one of them when something
	// is stored.
	patients []string
	loses    bool
	// system are additional fields of /system; counts replaces the answer of /statistics.
	system map[string]any
	counts string
}

type image struct {
	study, instance string
	pixels          []byte
}

// keep stores a data set of C-STORE.
func (a *archive) keep(data []byte) {
	if a.into != nil {
		a.into.keep(data)
		return
	}
	i := parse(data)
	if a.damage != nil {
		a.damage(&i)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.lose {
		a.images = append(a.images, i)
	}
	if a.loses {
		a.patients, a.loses = a.patients[1:], false
	}
}

func (a *archive) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.images)
}

// sent are all credentials that the archive received, each once.
func (a *archive) sent() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(a.credentials)))
}

// parse parses a data set in Explicit VR Little Endian without sequences (PS3.5 section 7.1.2).
func parse(data []byte) (i image) {
	for len(data) >= 8 {
		tag := uint32(binary.LittleEndian.Uint16(data))<<16 | uint32(binary.LittleEndian.Uint16(data[2:]))
		head, length := 8, int(binary.LittleEndian.Uint16(data[6:]))
		if vr := string(data[4:6]); vr == "OB" || vr == "OW" {
			head, length = 12, int(binary.LittleEndian.Uint32(data[8:]))
		}
		value := data[head : head+length]
		switch text := strings.TrimRight(string(value), "\x00"); tag {
		case 0x00080018:
			i.instance = text
		case 0x0020000D:
			i.study = text
		case 0x7FE00010:
			i.pixels = value
		}
		data = data[head+length:]
	}
	return i
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, ok := r.BasicAuth(); ok {
		a.mu.Lock()
		a.credentials = append(a.credentials, user+":"+password)
		a.mu.Unlock()
	}
	if a.instead != nil && a.instead(w, r) {
		return
	}
	user, password, _ := r.BasicAuth()
	if want, ok := a.passwords[user]; !a.open && (!ok || want != password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Orthanc Secure Area"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	part := strings.Split(r.URL.Path, "/")
	switch {
	case r.URL.Path == web.Explorer:
		_, _ = io.WriteString(w, "<html><title>Orthanc Explorer</title></html>")
	case r.URL.Path == "/system":
		message := map[string]any{"DicomAet": "ORTHANC", "Version": "1.12.4", "MaximumPatientCount": 0, "MaximumStorageSize": 0, "MaximumStorageMode": "Recycle"}
		maps.Copy(message, a.system)
		_ = json.NewEncoder(w).Encode(message)
	case r.URL.Path == "/statistics" && a.counts != "":
		_, _ = io.WriteString(w, a.counts)
	case r.URL.Path == "/statistics":
		n := len(a.studies())
		_ = json.NewEncoder(w).Encode(map[string]any{"CountPatients": n, "CountStudies": n, "CountInstances": len(a.images) + len(a.patients), "TotalDiskSize": "5000"})
	case r.URL.Path == "/patients", r.URL.Path == "/studies":
		_ = json.NewEncoder(w).Encode(a.studies())
	case r.URL.Path == "/tools/lookup":
		a.lookUp(w, r)
	case part[1] == "studies":
		a.list(w, part[2])
	case part[1] == "instances" && r.Method == http.MethodDelete:
		a.images = slices.DeleteFunc(a.images, func(i image) bool { return i.instance == part[2] })
	case part[1] == "instances":
		for _, i := range a.images {
			if i.instance == part[2] {
				_, _ = w.Write(i.pixels)
			}
		}
	}
}

// studies are the ids of all studies, each of its own patient.
func (a *archive) studies() []string {
	ids := slices.Clone(a.patients)
	for _, i := range a.images {
		ids = append(ids, i.study)
	}
	slices.Sort(ids)
	return append([]string{}, slices.Compact(ids)...)
}

// lookUp finds a study by its UID; in this archive Orthanc's ids are the UIDs.
func (a *archive) lookUp(w http.ResponseWriter, r *http.Request) {
	uid, _ := io.ReadAll(r.Body)
	found := []map[string]string{}
	if slices.ContainsFunc(a.images, func(i image) bool { return i.study == string(uid) }) {
		found = append(found, map[string]string{"ID": string(uid), "Type": "Study"})
	}
	if slices.ContainsFunc(a.images, func(i image) bool { return i.instance == string(uid) }) {
		found = append(found, map[string]string{"ID": string(uid), "Type": "Instance"})
	}
	_ = json.NewEncoder(w).Encode(found)
}

func (a *archive) list(w http.ResponseWriter, study string) {
	has := []any{}
	for _, i := range a.images {
		if i.study == study {
			has = append(has, map[string]any{"ID": i.instance, "MainDicomTags": map[string]string{"SOPInstanceUID": i.instance}})
		}
	}
	_ = json.NewEncoder(w).Encode(has)
}
