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

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/atomicfile"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// destination is where a key and its certificates are written.
type destination struct {
	dir    string
	name   string
	stdout bool
	force  bool
	p12    command.PKCS12
}

// madeFiles are the paths of the files that were written, empty for a file that was not.
type madeFiles struct{ key, certificate, ca, p12 string }

func (d *destination) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&d.dir, "output-dir", ".", "Directory for the files; it must exist")
	flags.StringVar(&d.name, "name", "", "Prefix of the file names; the tenant's name by default")
	flags.BoolVar(&d.stdout, "stdout", false, "Print the key and certificates as PEM instead of writing files")
	flags.BoolVar(&d.force, "force", false, "Replace existing files")
	d.p12.New = true
	d.p12.AddTo(flags)
}

func (d *destination) validate(flags *pflag.FlagSet) error {
	if d.stdout {
		for _, name := range []string{"output-dir", "name", "force", "p12", "output"} {
			if flags.Changed(name) {
				return advice.Add(fmt.Errorf("--%s and --stdout can't be used together", name), "Remove one of them.")
			}
		}
	}
	if flags.Changed("name") {
		if err := plainName(d.name); err != nil {
			return err
		}
	}
	if info, err := os.Stat(d.dir); err != nil {
		return advice.Add(fmt.Errorf("--output-dir: %w", err), "Create it first, or choose another directory.")
	} else if !info.IsDir() {
		return advice.Add(fmt.Errorf("--output-dir: %s is not a directory", d.dir), "Choose another.")
	}
	return d.p12.Validate(flags)
}

// nameFor is the prefix of the file names.
func (d *destination) nameFor(tenant string) string {
	if d.name != "" {
		return d.name
	}
	return tenant
}

// paths are the files to write; key tells whether a private key is among them.
func (d *destination) paths(name string, key bool) madeFiles {
	at := func(end string) string { return filepath.Join(d.dir, name+end) }
	paths := madeFiles{certificate: at(".client.crt"), ca: at(".ca.crt")}
	if key {
		paths.key = at(".client.key")
	}
	if d.p12.Wanted {
		paths.p12 = at(".client.p12")
	}
	return paths
}

// Vacant rejects files that exist, before any work is done. Without a name the
// paths are not known yet.
func (d *destination) vacant(tenant string, key bool) error {
	name := d.nameFor(tenant)
	if name == "" || d.force || d.stdout {
		return nil
	}
	p := d.paths(name, key)
	for _, path := range []string{p.key, p.certificate, p.ca, p.p12} {
		if err := command.Vacant(path, false); err != nil {
			return err
		}
	}
	return nil
}

// write writes all files or none. Other users can never read the key, from its
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
	var list []atomicfile.File
	for _, f := range []struct {
		path    string
		content []byte
		mode    os.FileMode
	}{{paths.key, contents.key, 0o600}, {paths.certificate, contents.certificate, 0o644}, {paths.ca, contents.ca, 0o644}, {paths.p12, contents.p12, 0o600}} {
		if f.path != "" {
			list = append(list, atomicfile.File{Path: f.path, Mode: f.mode, Write: func(w io.Writer) error {
				_, err := w.Write(f.content)
				return err
			}})
		}
	}
	if err := atomicfile.Create(d.force, list...); err != nil {
		return madeFiles{}, command.WhenTaken(fmt.Errorf("writing the files, of which none was kept: %w", err))
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
	if d.p12.Wanted {
		c.p12, errs[3] = certs.EncodePKCS12(key, chain, ca, string(password), d.p12.Legacy)
	}
	return c, errors.Join(errs[:]...)
}
