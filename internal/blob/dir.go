package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

const (
	partial = "partial" // folder of uploads under way, on the same file system as what they become
	// leftoverAge is how long an upload may write nothing before a starting process takes it for the rest of a crash.
	// If it was alive after all, its Put fails and the client uploads again.
	leftoverAge = 10 * time.Minute
)

// Dir is a Store in a folder: each blob is a file, in one of 256 sub-folders so that none grows too long to list.
type Dir struct{ root *os.Root }

var _ Store = (*Dir)(nil)

// OpenDir opens or makes the folder, with its parents, and removes what crashed uploads left in it.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil { // with PostgreSQL, media is all that the data folder holds
		return nil, fmt.Errorf("blob: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	d := &Dir{root: root}
	if err := d.sweep(time.Now()); err != nil {
		root.Close()
		return nil, fmt.Errorf("blob: %w", err)
	}
	return d, nil
}

// Close releases the folder. Blobs that were opened stay readable.
func (d *Dir) Close() error { return d.root.Close() }

func (d *Dir) sweep(now time.Time) error {
	if err := d.mkdir(partial); err != nil {
		return err
	}
	folder, err := d.root.Open(partial)
	if err != nil {
		return err
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && now.Sub(info.ModTime()) < leftoverAge {
			continue
		}
		if err == nil {
			err = d.root.Remove(partial + "/" + e.Name())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Put writes to a file of its own and gives it the blob's name when it is whole and on disk.
func (d *Dir) Put(ctx context.Context, key string, r io.Reader, limit int64) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	temp := partial + "/" + key + "." + rand.Text()
	info, err := d.write(ctx, temp, r, limit)
	if err == nil {
		err = d.publish(temp, key)
	}
	if err != nil {
		_ = d.root.Remove(temp) // what stays in spite of this goes with the next start
		return Info{}, fmt.Errorf("blob: put %s: %w", key, err)
	}
	return info, nil
}

func (d *Dir) write(ctx context.Context, name string, r io.Reader, limit int64) (info Info, err error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return info, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	buf := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return info, err
		}
		n, err := r.Read(buf)
		if n > 0 {
			if info.Size += int64(n); info.Size > limit {
				return info, ErrTooLarge
			}
			sum.Write(buf[:n])
			if _, err := f.Write(buf[:n]); err != nil {
				return info, err
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return info, err
		}
	}
	sum.Sum(info.SHA256[:0])
	return info, f.Sync()
}

// publish renames, and makes the new name durable by syncing the folder that holds it.
func (d *Dir) publish(temp, key string) error {
	folder := shard(key)
	if err := d.mkdir(folder); err != nil {
		return err
	}
	if err := d.root.Rename(temp, folder+"/"+key); err != nil {
		return err
	}
	return d.syncDir(folder)
}

// Open opens the blob's file.
func (d *Dir) Open(_ context.Context, key string) (io.ReadSeekCloser, int64, error) {
	if err := checkKey(key); err != nil {
		return nil, 0, err
	}
	f, err := d.root.Open(shard(key) + "/" + key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, ErrNotFound
	}
	if err != nil {
		return nil, 0, fmt.Errorf("blob: open %s: %w", key, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("blob: open %s: %w", key, errors.Join(err, f.Close()))
	}
	return f, info.Size(), nil
}

// Delete removes the blob's file. That it is gone is made durable too: a deleted file must not come back.
func (d *Dir) Delete(_ context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	err := d.root.Remove(shard(key) + "/" + key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = d.syncDir(shard(key))
	}
	if err != nil {
		return fmt.Errorf("blob: delete %s: %w", key, err)
	}
	return nil
}

func (d *Dir) mkdir(name string) error {
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.syncDir(".")
}

func (d *Dir) syncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// shard is the sub-folder of a key. It comes from a hash, as keys may begin or end alike.
func shard(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:1])
}
