package plugin

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/files"
)

// destination is where what was made goes.
type destination struct {
	dir    string
	name   string
	stdout bool
	force  bool
	p12    pkcs12
}

// madeFiles are the files that were written, empty where there is none.
type madeFiles struct{ key, certificate, ca, p12 string }

func (d *destination) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&d.dir, "output-dir", ".", "Directory for the files; it has to be there")
	flags.StringVar(&d.name, "name", "", "Begin the files' names with this instead of the tenant's name")
	flags.BoolVar(&d.stdout, "stdout", false, "Print key and certificates as PEM instead of writing files")
	flags.BoolVar(&d.force, "force", false, "Replace files that are there")
	d.p12.new = true
	d.p12.addTo(flags)
}

func (d *destination) validate(flags *pflag.FlagSet) error {
	if d.stdout {
		for _, name := range []string{"output-dir", "name", "force", "p12", "output"} {
			if flags.Changed(name) {
				return withHint(fmt.Errorf("--%s and --stdout exclude each other", name), "Leave one of them out.")
			}
		}
	}
	if flags.Changed("name") {
		if err := plainName(d.name); err != nil {
			return err
		}
	}
	if info, err := os.Stat(d.dir); err != nil {
		return withHint(fmt.Errorf("--output-dir: %w", err), "Make it first, or choose another.")
	} else if !info.IsDir() {
		return withHint(fmt.Errorf("--output-dir: %s is no directory", d.dir), "Choose another.")
	}
	return d.p12.validate(flags)
}

// nameFor is what the files' names begin with.
func (d *destination) nameFor(tenant string) string {
	if d.name != "" {
		return d.name
	}
	return tenant
}

// paths are the files to be; key tells whether there is one.
func (d *destination) paths(name string, key bool) madeFiles {
	at := func(end string) string { return filepath.Join(d.dir, name+end) }
	paths := madeFiles{certificate: at(".client.crt"), ca: at(".ca.crt")}
	if key {
		paths.key = at(".client.key")
	}
	if d.p12.wanted {
		paths.p12 = at(".client.p12")
	}
	return paths
}

// vacant refuses files that are there, before any work is done. Without a name
// nothing is known of them yet.
func (d *destination) vacant(tenant string, key bool) error {
	name := d.nameFor(tenant)
	if name == "" || d.force || d.stdout {
		return nil
	}
	p := d.paths(name, key)
	for _, path := range []string{p.key, p.certificate, p.ca, p.p12} {
		if err := vacant(path, false); err != nil {
			return err
		}
	}
	return nil
}

// write writes all files or none, the key with no rights for others from its
// first byte on.
func (d *destination) write(out io.Writer, name string, key crypto.Signer, chain, ca []*x509.Certificate, password []byte) (madeFiles, error) {
	contents, err := d.contents(key, chain, ca, password)
	if err != nil {
		return madeFiles{}, err
	}
	if d.stdout {
		_, err := out.Write(bytes.Join([][]byte{contents.key, contents.certificate, contents.ca}, nil))
		return madeFiles{}, err
	}
	paths := d.paths(name, key != nil)
	if len(contents.ca) == 0 {
		paths.ca = ""
	}
	var list []files.File
	for _, f := range []struct {
		path    string
		content []byte
		mode    os.FileMode
	}{{paths.key, contents.key, 0o600}, {paths.certificate, contents.certificate, 0o644}, {paths.ca, contents.ca, 0o644}, {paths.p12, contents.p12, 0o600}} {
		if f.path != "" {
			list = append(list, files.File{Path: f.path, Mode: f.mode, Write: func(w io.Writer) error {
				_, err := w.Write(f.content)
				return err
			}})
		}
	}
	if err := files.Create(d.force, list...); err != nil {
		return madeFiles{}, whenTaken(fmt.Errorf("none of the files was kept: %w", err))
	}
	return paths, nil
}

type fileContents struct{ key, certificate, ca, p12 []byte }

func (d *destination) contents(key crypto.Signer, chain, ca []*x509.Certificate, password []byte) (c fileContents, err error) {
	var errs [4]error
	if key != nil {
		c.key, errs[0] = certs.EncodeKey(key)
	}
	c.certificate, errs[1] = certs.EncodeCertificates(chain)
	if len(ca) > 0 {
		c.ca, errs[2] = certs.EncodeCertificates(ca)
	}
	if d.p12.wanted {
		c.p12, errs[3] = certs.EncodePKCS12(key, chain, ca, string(password), d.p12.legacy)
	}
	return c, errors.Join(errs[:]...)
}
