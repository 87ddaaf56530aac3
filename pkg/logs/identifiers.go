package logs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Identifiers replaces identifiers of patients and studies in lines. The same identifier has
// the same replacement during a run, so that lines about one study can still be related. It is
// not safe for concurrent use.
type Identifiers struct {
	known map[string]string
	count map[string]int
}

// NewIdentifiers returns a mask without any known identifier.
func NewIdentifiers() *Identifiers {
	return &Identifiers{known: map[string]string{}, count: map[string]int{}}
}

// maxIdentifiers bounds the identifiers that are remembered; further ones have no number.
const maxIdentifiers = 20_000

// replacement is the replacement of an identifier, "<study 2>".
func (m *Identifiers) replacement(kind, value string) string {
	value = strings.TrimSpace(value)
	if value == "" || strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">") || value == "*** POTENTIAL PHI ***" {
		return value // no value, or replaced already
	}
	if known, ok := m.known[value]; ok {
		return known
	}
	if len(m.known) >= maxIdentifiers {
		return "<" + kind + ">"
	}
	m.count[kind]++
	m.known[value] = fmt.Sprintf("<%s %d>", kind, m.count[kind])
	return m.known[value]
}

// The names of attributes that identify a patient or a study (DICOM PS3.15, table E.1-1), with
// the kinds of their replacements. Keys of Orthanc, of DICOMweb and of viewers are among them.
var attributes = map[string]string{
	"patientid": "patient-id", "otherpatientids": "patient-id", "issuerofpatientid": "patient-id", "patient": "patient-id", "patient-id": "patient-id",
	"patientname": "patient-name", "otherpatientnames": "patient-name", "patientbirthname": "patient-name", "patientmothersbirthname": "patient-name", "patient-name": "patient-name",
	"patientbirthdate": "date", "patientbirthtime": "date", "patientsex": "value", "patientage": "value", "patientaddress": "value", "patientcomments": "value", "patienttelephonenumbers": "value",
	"accessionnumber": "accession", "accession": "accession", "studyid": "study-id",
	"studyinstanceuid": "uid", "studyinstanceuids": "uid", "seriesinstanceuid": "uid", "seriesinstanceuids": "uid", "sopinstanceuid": "uid", "sopinstanceuids": "uid",
	"studyuid": "uid", "seriesuid": "uid", "objectuid": "uid", "initialseriesinstanceuid": "uid", "initialsopinstanceuid": "uid",
	"referringphysicianname": "person", "performingphysicianname": "person", "requestingphysician": "person", "operatorsname": "person", "nameofphysiciansreadingstudy": "person", "physiciansofrecord": "person",
	"studydate": "date", "studytime": "date", "seriesdate": "date", "seriestime": "date", "contentdate": "date", "acquisitiondate": "date", "instancecreationdate": "date",
	"studydescription": "value", "seriesdescription": "value", "requestedproceduredescription": "value", "scheduledprocedurestepdescription": "value", "requestedprocedureid": "value", "scheduledprocedurestepid": "value",
	"institutionname": "value", "institutionaddress": "value", "deviceserialnumber": "value", "admissionid": "value", "imagecomments": "value",
	"00100020": "patient-id", "00100010": "patient-name", "00100030": "date", "00080050": "accession", "0020000d": "uid", "0020000e": "uid", "00080018": "uid", "00080090": "person",
	"00080020": "date", "00080030": "date", "00081030": "value", "0008103e": "value", "00200010": "study-id", "00100040": "value", "00101010": "value",
}

// kindOfKey is the kind of a key's value, empty if it is none of an identifier.
func kindOfKey(key string) string {
	key = strings.ToLower(key)
	if at := strings.LastIndexByte(key, '.'); at >= 0 { // "StudyData.PatientName"
		key = key[at+1:]
	}
	return attributes[strings.ReplaceAll(strings.Trim(key, `"'`), ",", "")]
}

// harmless are the tags of a data set that identify nobody: the character set, the level and the
// target of a query, modality, transfer syntax, sizes of the image. Groups 0000 and 0002 belong
// to the protocol.
var harmless = []string{"0008,0005", "0008,0016", "0008,0052", "0008,0054", "0008,0060", "0008,0061", "0008,0062", "0008,1090", "0008,0070"}

func harmlessTag(tag string) bool {
	return strings.HasPrefix(tag, "0000,") || strings.HasPrefix(tag, "0028,") || slices.Contains(harmless, tag) ||
		strings.HasPrefix(tag, "0002,") && tag != "0002,0003"
}

var (
	// tag matches a tag in a dump or a query, (0010,0020), and what follows it.
	tag = regexp.MustCompile(`\(([0-9a-fA-F]{4},[0-9a-fA-F]{4})\)`)
	// dumped matches the value in DCMTK's dump of a tag: LO [value], or DA value.
	dumped = regexp.MustCompile(`^(\s+[A-Za-z?]{2}\s+)(\[[^#]*\]|[^#]*?)(\s*(?:#.*)?)$`)
	// assigned matches the value after a tag in other lines: PatientID = value, by: "value".
	assigned = regexp.MustCompile(`^(.{0,80}?(?:=|\bby:|\bwith:|:)\s*)(.+)$`)
	// resource matches identifiers of Orthanc: the SHA-1 of identifiers of the patient.
	resource = regexp.MustCompile(`\b[0-9a-f]{8}(?:-[0-9a-f]{8}){4}\b`)
	// uid matches unique identifiers that are derived from a UUID (DICOM PS3.5, B.2), and others
	// with at least five components: addresses have four.
	uid = regexp.MustCompile(`\b(?:2\.25\.\d{6,39}|[0-2](?:\.(?:0|[1-9]\d*)){4,})\b`)
	// path matches the resources in paths of Orthanc, DICOMweb and WebDAV.
	path = regexp.MustCompile(`(?i)/(patients|studies|series|instances|by-patients|by-studies|by-dates|by-uids)/([^/?\s"'#&;]+)`)
	// person matches a name of DICOM with its components: FAMILY^GIVEN.
	person = regexp.MustCompile(`[\pL][\pL'.*-]*(?: [\pL'.*-]+)*\^[\pL^ '.=*-]*`)
	// sqlText matches texts in statements of PostgreSQL, and what its messages quote of rows: a
	// key, a whole row, a value. With a quote after a backslash, and with dollars, a text may end
	// elsewhere than it seems: it then goes to the end of the line.
	sqlText = regexp.MustCompile(`(?i)'[^']*\\'.*|\$(?:[a-z_]\w*)?\$.*|'(?:[^']|'')*'?|(=|contains )\(.*\)|(: )"[^"]*"?`)
)

// pathKinds are the kinds of the resources in paths.
var pathKinds = map[string]string{"patients": "patient", "studies": "study", "series": "series", "instances": "instance"}

// standardUID is the beginning of the UIDs that DICOM itself defines: SOP classes and transfer
// syntaxes.
const standardUID = "1.2.840.10008."

// Mask replaces the identifiers in a text. statement is set for a line of PostgreSQL that quotes
// SQL.
func (m *Identifiers) Mask(text string, statement bool) string {
	if statement {
		text = sqlText.ReplaceAllStringFunc(text, func(found string) string {
			switch before, _, _ := strings.Cut(found, "("); {
			case found[0] == '=' || found[0]|0x20 == 'c':
				return before + "(<value>)"
			case found[0] == ':':
				return `: "<value>"`
			}
			return "'<value>'"
		})
	}
	if strings.Contains(text, ",") {
		text = m.maskTag(text)
	}
	if strings.ContainsAny(text, "=:%") {
		text = m.maskKeyed(text)
	}
	if strings.Contains(text, "/") {
		text = path.ReplaceAllStringFunc(text, m.maskPath)
	}
	if strings.Contains(text, "-") {
		text = resource.ReplaceAllStringFunc(text, func(found string) string { return m.replacement("resource", found) })
	}
	if strings.Count(text, ".") >= 2 {
		text = uid.ReplaceAllStringFunc(text, func(found string) string {
			if strings.HasPrefix(found, standardUID) {
				return found
			}
			return m.replacement("uid", found)
		})
	}
	if strings.Contains(text, "^") {
		text = person.ReplaceAllStringFunc(text, func(found string) string { return m.replacement("patient-name", found) })
	}
	return text
}

// MaskField replaces the identifiers in the value of a field.
func (m *Identifiers) MaskField(f Field) string {
	if kind := kindOfKey(f.Key); kind != "" {
		return m.replacement(kind, f.Value)
	}
	return m.Mask(f.Value, false)
}

// maskTag replaces the value of the first tag in a line that may identify somebody.
func (m *Identifiers) maskTag(text string) string {
	for _, at := range tag.FindAllStringSubmatchIndex(text, -1) {
		number := strings.ToLower(text[at[2]:at[3]])
		if harmlessTag(number) {
			continue
		}
		kind := kindOfKey(number)
		if kind == "" {
			kind = "value"
		}
		head, rest := text[:at[1]], text[at[1]:]
		if found := dumped.FindStringSubmatch(rest); found != nil {
			value := found[2]
			if inner, ok := strings.CutPrefix(value, "["); ok {
				return head + found[1] + "[" + m.replacement(kind, strings.TrimSuffix(inner, "]")) + "]" + found[3]
			}
			if strings.HasPrefix(value, "(") || value == "" {
				return text // "(no value available)", "(Sequence with …)"
			}
			return head + found[1] + m.replacement(kind, value) + found[3]
		}
		if found := assigned.FindStringSubmatch(rest); found != nil {
			return head + found[1] + m.quotedReplacement(kind, found[2])
		}
	}
	return text
}

// quotedReplacement replaces a value, and keeps its quotes.
func (m *Identifiers) quotedReplacement(kind, value string) string {
	for _, quotes := range []string{`""`, "[]", "''"} {
		if len(value) > 1 && value[0] == quotes[0] && value[len(value)-1] == quotes[1] {
			return quotes[:1] + m.replacement(kind, value[1:len(value)-1]) + quotes[1:]
		}
	}
	return m.replacement(kind, value)
}

// maskKeyed replaces the values of attributes: KEY=value, KEY: value, "KEY":"value", [KEY]: [value].
func (m *Identifiers) maskKeyed(text string) string {
	for at := 0; at < len(text); at++ {
		after := 0
		switch {
		case text[at] == '=' || text[at] == ':':
			after = at + 1
		case text[at] == '%' && len(text) > at+2 && strings.EqualFold(text[at:at+3], "%3d"):
			after = at + 3
		default:
			continue
		}
		kind := kindOfKey(keyBefore(text[:at]))
		if kind == "" || text[at] == ':' && shortKeys[strings.ToLower(keyBefore(text[:at]))] {
			continue
		}
		for after < len(text) && text[after] == ' ' {
			after++
		}
		value := valueIn(text[after:])
		if found := tag.FindStringIndex(text[after:]); strings.TrimSpace(value) == "" || found != nil && found[0] == 0 {
			continue // the tag's own value follows
		}
		replaced := m.quotedReplacement(kind, value)
		text = text[:after] + replaced + text[after+len(value):]
		at = after + len(replaced) - 1
	}
	return text
}

// shortKeys are words of ordinary messages, and keys only before an equals sign.
var shortKeys = map[string]bool{"patient": true, "accession": true}

// keyBefore is the key at the end of a text, without quotes, brackets and spaces after it.
func keyBefore(text string) string {
	text = strings.TrimRight(text, "\"']) ")
	begin := len(text)
	for begin > 0 && len(text)-begin < 64 {
		c := text[begin-1]
		if c != ',' && c != '-' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		begin--
	}
	return text[begin:]
}

// valueIn is the value at the beginning of a text: quoted, in brackets, or up to a separator. In
// the path of a request it ends with the path.
func valueIn(text string) string {
	for _, quotes := range []string{`""`, "[]", "''"} {
		if !strings.HasPrefix(text, quotes[:1]) {
			continue
		}
		for i := 1; i < len(text); i++ {
			if text[i] == quotes[1] {
				return text[:i+1]
			}
			if text[i] == '\\' {
				i++
			}
		}
	}
	for i := range len(text) {
		if strings.IndexByte(";&\"]}#|", text[i]) >= 0 || text[i] == ',' && startsKey(text[i+1:]) {
			text = text[:i]
			break
		}
	}
	if end := strings.Index(text, " HTTP/"); end >= 0 {
		text = text[:end]
	}
	return strings.TrimRight(text, " \t")
}

// startsKey reports whether the text after a comma is another key: a name may contain a comma.
func startsKey(text string) bool {
	at := strings.IndexAny(text, "=:,;&|")
	return at >= 0 && (text[at] == '=' || text[at] == ':')
}

// maskPath replaces the name of a resource in a path.
func (m *Identifiers) maskPath(found string) string {
	at := strings.LastIndexByte(found, '/')
	kind, name := strings.ToLower(found[1:at]), found[at+1:]
	if uid.MatchString(name) {
		return found[:at+1] + m.replacement("uid", name)
	}
	if resource.MatchString(name) {
		return found[:at+1] + m.replacement("resource", name)
	}
	if replaced := pathKinds[kind]; replaced != "" {
		return found[:at+1] + m.replacement(replaced, name)
	}
	return found[:at+1] + m.replacement("value", name)
}
