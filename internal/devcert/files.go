package devcert

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// The files of a folder, all in PEM.
const (
	CAFile    = "ca.pem"     // what clients trust
	CAKeyFile = "ca-key.pem" // can sign for the names of the CA; only its owner may read it
	CertFile  = "cert.pem"
	KeyFile   = "key.pem"
)

const (
	private = 0o600
	public  = 0o644
)

// folder is where the files are, as an absolute path.
type folder string

func openFolder(path string) (folder, error) {
	if path == "" {
		return "", errors.New("no folder is named; say where the files belong with --dir")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return folder(path), os.MkdirAll(path, 0o700)
}

func (d folder) path(file string) string { return filepath.Join(string(d), file) }

const foreign = "was not made by parley devcert"

// leave says why a file is not this package's to write.
func (d folder) leave(file, why string) error {
	return fmt.Errorf("%s %s; it is left as it is: choose another folder with --dir, or move the file away", d.path(file), why)
}

// readCA returns the authority of the folder, or nil where there is none.
func (d folder) readCA() (*pair, error) {
	ca, err := d.read(CAFile, CAKeyFile)
	if ca == nil || err != nil {
		return nil, err
	}
	ours := ca.cert.IsCA && slices.Equal(ca.cert.Subject.Organization, []string{organization}) && ca.cert.CheckSignatureFrom(ca.cert) == nil
	if !ours {
		return nil, d.leave(CAFile, foreign)
	}
	info, err := os.Stat(d.path(CAKeyFile))
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 { // Windows has no such bits
		return nil, fmt.Errorf("%s can be read by others, who may have a copy: chmod 600 it, or make a new CA in another folder", d.path(CAKeyFile))
	}
	return ca, nil
}

// readServer returns the server's certificate, or nil where there is none. One that the authority did not sign is foreign.
func (d folder) readServer(ca *pair) (*pair, error) {
	server, err := d.read(CertFile, KeyFile)
	if server == nil || err != nil {
		return nil, err
	}
	if ca == nil || server.cert.CheckSignatureFrom(ca.cert) != nil {
		return nil, d.leave(CertFile, foreign)
	}
	return server, nil
}

// read reads a certificate and its key: both, or nil where neither is there.
func (d folder) read(certFile, keyFile string) (*pair, error) {
	certText, errCert := d.readFile(certFile)
	keyText, errKey := d.readFile(keyFile)
	noCert, noKey := errors.Is(errCert, fs.ErrNotExist), errors.Is(errKey, fs.ErrNotExist)
	switch {
	case noCert && noKey:
		return nil, nil
	case noCert && errKey == nil:
		return nil, d.leave(keyFile, "is there without "+certFile)
	case noKey && errCert == nil:
		return nil, d.leave(certFile, "is there without "+keyFile)
	case errCert != nil && !noCert:
		return nil, errCert
	case errKey != nil:
		return nil, errKey
	}
	cert, err := x509.ParseCertificate(only(certText, "CERTIFICATE"))
	if err != nil {
		return nil, d.leave(certFile, foreign)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(only(keyText, "PRIVATE KEY"))
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, d.leave(keyFile, "is not the key of "+certFile)
	}
	return &pair{cert, key}, nil
}

// readFile reads a plain file: a link would lead a later change to a file elsewhere.
func (d folder) readFile(file string) ([]byte, error) {
	info, err := os.Lstat(d.path(file))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return nil, d.leave(file, foreign)
	}
	return os.ReadFile(d.path(file))
}

// only returns the bytes of the single PEM block of a text, or nil.
func only(text []byte, kind string) []byte {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(rest) > 0 {
		return nil
	}
	return block.Bytes
}

func (d folder) saveCA(p *pair, replace bool) error {
	if err := d.saveKey(CAKeyFile, p.key, replace); err != nil {
		return err
	}
	return d.save(CAFile, public, "CERTIFICATE", p.cert.Raw, replace)
}

// saveServer writes a certificate, and its key where there was none before.
func (d folder) saveServer(p *pair, renewal bool) error {
	if !renewal {
		if err := d.saveKey(KeyFile, p.key, false); err != nil {
			return err
		}
	}
	return d.save(CertFile, public, "CERTIFICATE", p.cert.Raw, renewal)
}

func (d folder) saveKey(file string, key *ecdsa.PrivateKey, replace bool) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return d.save(file, private, "PRIVATE KEY", der, replace)
}

// save writes a file whole or not at all. Without replace, the file must not be there, whoever made it meanwhile.
func (d folder) save(file string, mode fs.FileMode, kind string, der []byte, replace bool) error {
	path := d.path(file)
	open := func() (*os.File, error) { return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) }
	if replace {
		open = func() (*os.File, error) { return os.CreateTemp(string(d), file+".*") }
	}
	f, err := open()
	if err != nil {
		return err
	}
	err = errors.Join(f.Chmod(mode), pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
	if err == nil && replace {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
