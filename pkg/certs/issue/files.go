package issue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
)

// Destination is where a certificate is written.
type Destination struct {
	// Dir is a directory that exists, and Name the prefix of the file names in it.
	Dir, Name string
	// Replace allows existing files to be replaced.
	Replace bool
	// PKCS12 also writes a file for browsers and Java, and Legacy uses the weak encryption
	// from before 2015 for it.
	PKCS12, Legacy bool
}

// Files are the paths of a certificate's files, empty for a file that is not written.
type Files struct{ Key, Certificate, CA, PKCS12 string }

// paths are the files to write; key is set if a private key is one of them.
func (d Destination) paths(key bool) Files {
	at := func(end string) string { return filepath.Join(d.Dir, d.Name+end) }
	paths := Files{Certificate: at(".client.crt"), CA: at(".ca.crt")}
	if key {
		paths.Key = at(".client.key")
	}
	if d.PKCS12 {
		paths.PKCS12 = at(".client.p12")
	}
	return paths
}

// Vacant returns an *atomicfile.ExistsError for a file that exists and may not be replaced,
// before any work is done. key is set if a private key will be written.
func (d Destination) Vacant(key bool) error {
	if d.Replace {
		return nil
	}
	p := d.paths(key)
	for _, path := range []string{p.Key, p.Certificate, p.CA, p.PKCS12} {
		if path == "" {
			continue
		}
		if err := atomicfile.Vacant(path); err != nil {
			return err
		}
	}
	return nil
}

// Write writes all files or none. Other users can never read the key, from its first byte
// on. The password is that of the PKCS#12 file.
func (d Destination) Write(c Certificate, password []byte) (Files, error) {
	contents, err := c.encode()
	if err != nil {
		return Files{}, err
	}
	if d.PKCS12 {
		if contents.p12, err = certs.EncodePKCS12(c.Key, c.Chain, c.CA, string(password), d.Legacy); err != nil {
			return Files{}, err
		}
	}
	paths := d.paths(c.Key != nil)
	if len(contents.ca) == 0 {
		paths.CA = ""
	}
	var list []atomicfile.File
	for _, f := range []struct {
		path    string
		content []byte
		mode    os.FileMode
	}{{paths.Key, contents.key, 0o600}, {paths.Certificate, contents.certificate, 0o644}, {paths.CA, contents.ca, 0o644}, {paths.PKCS12, contents.p12, 0o600}} {
		if f.path != "" {
			list = append(list, atomicfile.File{Path: f.path, Mode: f.mode, Write: func(w io.Writer) error {
				_, err := w.Write(f.content)
				return err
			}})
		}
	}
	if err := atomicfile.Create(d.Replace, list...); err != nil {
		return Files{}, fmt.Errorf("writing the files, of which none was kept: %w", err)
	}
	return paths, nil
}

// PEM is the private key if there is one, then the certificate with its chain, then the CA.
func (c Certificate) PEM() ([]byte, error) {
	contents, err := c.encode()
	return bytes.Join([][]byte{contents.key, contents.certificate, contents.ca}, nil), err
}

type fileContents struct{ key, certificate, ca, p12 []byte }

func (c Certificate) encode() (f fileContents, err error) {
	var errs [3]error
	if c.Key != nil {
		f.key, errs[0] = certs.EncodeKey(c.Key)
	}
	f.certificate, errs[1] = certs.EncodeCertificates(c.Chain)
	if len(c.CA) > 0 {
		f.ca, errs[2] = certs.EncodeCertificates(c.CA)
	}
	return f, errors.Join(errs[:]...)
}
