// Package orthanc reads the limits of an Orthanc's archive and memory from its configuration.
package orthanc

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/digihunch/kubectl-orthweb/pkg/finding"
)

// Limits are the settings that make an Orthanc remove patients to make room for new ones
// (OrthancServer/Resources/Configuration.json, Orthanc 1.12.4).
type Limits struct {
	// Patients is MaximumPatientCount, and Size is MaximumStorageSize in units of
	// 1,048,576 bytes. 0 is no limit; nil is not known.
	Patients, Size *int64
	// Rejects: MaximumStorageMode is Reject: what does not fit is rejected, and nothing is
	// removed (Orthanc 1.11.2 and later).
	Rejects bool
}

// Known reports whether both limits are known.
func (l Limits) Known() bool { return l.Patients != nil && l.Size != nil }

// Evict reports whether Orthanc removes patients when a limit is reached.
func (l Limits) Evict() bool {
	return l.Known() && !l.Rejects && (*l.Patients > 0 || *l.Size > 0)
}

// Or sets the unknown limits from other ones.
func (l Limits) Or(other Limits) Limits {
	if l.Patients == nil {
		l.Patients = other.Patients
	}
	if l.Size == nil {
		l.Size = other.Size
	}
	l.Rejects = l.Rejects || other.Rejects
	return l
}

// Contents is the content of an archive: patients, and bytes on disk (/statistics,
// CountPatients and TotalDiskSize).
type Contents struct{ Patients, Bytes int64 }

// Evicts is why storing more may cause the archive to remove patients, "" if it can't. A
// twentieth of a limit is kept free, and not less than a patient and 1 MiB: others store at
// the same time.
func (l Limits) Evicts(has, more Contents) string {
	switch {
	case !l.Known():
		return "it is not known whether the archive removes patients to make room (MaximumPatientCount, MaximumStorageSize)"
	case l.Rejects:
		return ""
	}
	if most := *l.Patients; most > 0 && has.Patients+more.Patients+max(1, most/20) > most {
		return fmt.Sprintf("the archive keeps at most %s, has %d, and removes the oldest to make room for new ones (MaximumPatientCount)", finding.Count(int(most), "patient"), has.Patients)
	}
	const mib = 1 << 20
	if most := *l.Size * mib; most > 0 && has.Bytes+more.Bytes+max(mib, most/20) > most {
		return fmt.Sprintf("the archive keeps at most %d MB, has %d MB, and removes the oldest patients to make room for new ones (MaximumStorageSize)", *l.Size, has.Bytes/mib)
	}
	return ""
}

// Configuration is the configuration of one Orthanc, merged from its files.
type Configuration map[string]json.RawMessage

// Add reads a configuration file: JSON with comments, and with ${NAME} and ${NAME:-default}
// for environment variables (OrthancFramework/Sources/Toolbox.cpp, SubstituteVariables). A
// variable that is not in environment becomes UnknownValue. A setting that another file
// already has is an error, as it is for Orthanc. Errors never quote the file, which may
// contain passwords.
func (c Configuration) Add(file []byte, environment map[string]string) error {
	var more Configuration
	if err := json.Unmarshal(WithoutComments(substitute(file, environment)), &more); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return fmt.Errorf("it is not JSON, at byte %d", syntax.Offset)
		}
		return errors.New("it is not a JSON object")
	}
	for name, value := range more {
		if _, twice := c[name]; twice {
			return fmt.Errorf("the setting %q is in two files", name)
		}
		c[name] = value
	}
	return nil
}

// variablePrefix is the prefix of the names of environment variables that are settings, only
// in the image orthancteam/orthanc: ORTHANC__MAXIMUM_PATIENT_COUNT.
const variablePrefix = "ORTHANC__"

// Limits are those of the configuration, and of environment variables that are settings.
// What is not set is Orthanc's default, which is no limit; a value that is not a number, or
// that differs between a file and a variable, is not known: not every image reads the
// variables.
func (c Configuration) Limits(environment map[string]string) Limits {
	// An Orthanc that does not read the variable does not reject because of it.
	mode := strings.Trim(string(c["MaximumStorageMode"]), `"`)
	return Limits{
		Patients: c.number("MaximumPatientCount", "MAXIMUM_PATIENT_COUNT", 0, environment),
		Size:     c.number("MaximumStorageSize", "MAXIMUM_STORAGE_SIZE", 0, environment),
		Rejects:  mode == "Reject" && c.setting("MaximumStorageMode", "MAXIMUM_STORAGE_MODE", environment) == mode,
	}
}

// defaultStorageCache is the default of MaximumStorageCacheSize
// (OrthancServer/Resources/Configuration.json, Orthanc 1.10.0 and later).
const defaultStorageCache = 128

// StorageCache is how much memory the copies of recently stored and read files use at most, in
// units of 1,048,576 bytes (MaximumStorageCacheSize); nil is not known. A file is removed only
// when another needs its place.
func (c Configuration) StorageCache(environment map[string]string) *int64 {
	return c.number("MaximumStorageCacheSize", "MAXIMUM_STORAGE_CACHE_SIZE", defaultStorageCache, environment)
}

// setting is the text of a setting in the files or the environment, "" if it is not set.
func (c Configuration) setting(name, variable string, environment map[string]string) string {
	file := strings.Trim(string(c[name]), `"`)
	value, both := environment[variablePrefix+variable]
	switch {
	case !both:
		return file
	case file == "" || file == value:
		return value
	}
	return UnknownValue
}

// number is a setting that is a whole number, nil if it is not known.
func (c Configuration) number(name, variable string, byDefault int64, environment map[string]string) *int64 {
	text := c.setting(name, variable, environment)
	if text == "" {
		return &byDefault
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return nil
	}
	return &n
}

// UnknownValue is the value of an environment variable that is not known. It is JSON with
// quotes around it and without, and is neither a number nor a mode.
const UnknownValue = "null"

var variable = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)(:-([^}]*))?\}`)

func substitute(file []byte, environment map[string]string) []byte {
	return variable.ReplaceAllFunc(file, func(found []byte) []byte {
		part := variable.FindSubmatch(found)
		if value, ok := environment[string(part[1])]; ok {
			quoted, _ := json.Marshal(value) // a text always has a form in JSON
			return quoted[1 : len(quoted)-1]
		}
		if len(part[2]) > 0 && environment != nil {
			return part[3]
		}
		return []byte(UnknownValue)
	})
}

// WithoutComments replaces the comments of a configuration file by spaces: // to the end of the
// line, /* to */. The places of everything else stay the same.
func WithoutComments(file []byte) []byte {
	out := append([]byte(nil), file...)
	for i := 0; i < len(out); {
		switch {
		case out[i] == '"':
			i = endOfText(out, i)
		case out[i] == '/' && i+1 < len(out) && out[i+1] == '/':
			for ; i < len(out) && out[i] != '\n'; i++ {
				out[i] = ' '
			}
		case out[i] == '/' && i+1 < len(out) && out[i+1] == '*':
			end := strings.Index(string(out[i+2:]), "*/")
			if end < 0 {
				return out
			}
			for stop := i + end + 4; i < stop; i++ {
				out[i] = ' '
			}
		default:
			i++
		}
	}
	return out
}

// endOfText is where the text in quotes that begins at i has ended.
func endOfText(file []byte, i int) int {
	for i++; i < len(file) && file[i] != '"'; i++ {
		if file[i] == '\\' {
			i++
		}
	}
	return i + 1
}
