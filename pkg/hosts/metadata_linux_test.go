package hosts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// accessList is rwx for one more user, in the kernel's form (linux/posix_acl_xattr.h): version
// 2, then tag, rights and ID of each entry.
var accessList = []byte{
	2, 0, 0, 0,
	1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, // the owner
	2, 0, 6, 0, 0xd2, 4, 0, 0, // user 1234
	4, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, // the group
	0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, // the mask
	0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, // others
}

// TestAttributesStay checks that the new file and the backup have the mode, the owner and the
// extended attributes of the old file, and none that the directory would give them.
func TestAttributesStay(t *testing.T) {
	for _, c := range []struct {
		about string
		xattr map[string][]byte
	}{
		{"plain", nil},
		{"a user's attributes", map[string][]byte{"user.note": []byte("x\x00y"), "user.empty": {}}},
		{"access list", map[string][]byte{"system.posix_acl_access": accessList}},
		{"SELinux's label", map[string][]byte{"security.selinux": []byte("system_u:object_r:net_conf_t:s0\x00")}},
	} {
		path := hostsFile(t, plainHosts)
		for name, value := range c.xattr {
			if err := unix.Setxattr(path, name, value, 0); errors.Is(err, unix.EPERM) && name == "security.selinux" {
				continue // this requires root; the same code handles the others
			} else if err != nil {
				t.Fatalf("%s: this file system has no %s: %v", c.about, name, err)
			}
		}
		if c.xattr == nil {
			// New files here now get an access list.
			if err := unix.Setxattr(filepath.Dir(path), "system.posix_acl_default", accessList, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(path, 0o664); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(path, 1234, 2345); err != nil {
				t.Fatal(err)
			}
		}
		before := look(t, path)
		got, err := Update(t.Context(), path, adding("a"))
		if err != nil || !got.Changed || got.InPlace {
			t.Fatalf("%s: got %+v, %v", c.about, got, err)
		}
		for _, p := range []string{path, got.Backup} {
			if after := look(t, p); after != before {
				t.Errorf("%s: %s has %s, had %s", c.about, filepath.Base(p), after, before)
			}
		}
	}
}

// look returns all metadata of a file.
func look(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	names, err := attributes(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	out := fmt.Sprint(info.Mode(), stat.Uid, stat.Gid)
	for _, name := range names {
		value := make([]byte, 256)
		n, err := unix.Fgetxattr(int(f.Fd()), name, value)
		if err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf(" %s=%q", name, value[:n])
	}
	return out
}

// TestHardLink checks that the other name still refers to the same file.
func TestHardLink(t *testing.T) {
	path := hostsFile(t, plainHosts)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.Link(path, other); err != nil {
		t.Fatal(err)
	}
	got, err := Update(t.Context(), path, adding("a"))
	if has := content(t, other); err != nil || !got.InPlace || has != withTenants(t, plainHosts, "a") {
		t.Errorf("got %+v, %v; the other is %q", got, err, has)
	}
}

// TestPipe checks that a file on which a reader would wait forever is not opened.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := unix.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrNotRegular) {
		t.Errorf("got %v", err)
	}
}
