//! Taking bytes in: pieces are appended to `blobs/SHA.part` as they come, so that a connection that breaks
//! costs only what was under way.

use crate::store::Store;
use crate::talk::Talk;
use crate::tree;
use artifact::protocol::two::{CHUNK, PATIENCE_S};
use artifact::protocol::{Chunk, Code, Fault};
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::Duration;

/// A blob that is being taken in.
struct Open {
    sha256: String,
    path: PathBuf,
    file: File,
    length: u64,
}

/// Takes this many blobs in, each of which must be one of `lacking`.
///
/// # Errors
/// [`Code::BlobMismatch`] when something else comes than was asked for; [`Code::DiskFull`];
/// [`Code::BadRequest`] when the rest does not come. What has come is kept, but for what is damaged.
pub fn blobs(talk: &mut Talk, store: &Store, count: usize, lacking: &BTreeSet<String>) -> Result<(), Fault> {
    store.make()?;
    let mut open: Option<Open> = None;
    let mut whole = 0;
    while whole < count {
        let chunk: Chunk = talk
            .hear(Duration::from_secs(u64::from(PATIENCE_S)))?
            .ok_or_else(|| Fault::new(Code::BadRequest, "the connection broke while bytes were sent"))?;
        if !lacking.contains(&chunk.sha256) {
            return Err(Fault::new(Code::BlobMismatch, format!("nobody asked for {}", chunk.sha256)));
        }
        let mut blob = match open.take() {
            Some(blob) if blob.sha256 == chunk.sha256 => blob,
            Some(blob) => return Err(mismatch(&blob.sha256, "another one came before its end")),
            None => begin(store, &chunk).map_err(|e| store.fault(&store.blob(&chunk.sha256), &e))?,
        };
        append(&mut blob, &chunk, store)?;
        if chunk.last {
            finish(store, blob)?;
            whole += 1;
        } else {
            open = Some(blob);
        }
    }
    Ok(())
}

fn mismatch(sha256: &str, what: &str) -> Fault {
    Fault::new(Code::BlobMismatch, format!("the bytes sent as {sha256}: {what}"))
}

fn begin(store: &Store, chunk: &Chunk) -> io::Result<Open> {
    let path = store.path("blobs").join(format!("{}.part", chunk.sha256));
    let file = File::options().create(true).truncate(chunk.at == 0).write(true).mode(0o600).open(&path)?;
    let length = file.metadata()?.len();
    Ok(Open { sha256: chunk.sha256.clone(), path, file, length })
}

fn append(blob: &mut Open, chunk: &Chunk, store: &Store) -> Result<(), Fault> {
    if chunk.at != blob.length {
        let what = format!("a piece begins at {} where {} bytes are", chunk.at, blob.length);
        return Err(mismatch(&blob.sha256, &what));
    }
    let bytes = chunk.data.unpack(CHUNK).map_err(|e| mismatch(&blob.sha256, &e.to_string()))?;
    if let Err(e) = blob.file.write_all_at(&bytes, blob.length) {
        // Half a piece is no good to go on from, and a disk that is full needs the room.
        let _ = std::fs::remove_file(&blob.path);
        return Err(store.fault(&blob.path, &e));
    }
    blob.length += bytes.len() as u64;
    Ok(())
}

fn finish(store: &Store, blob: Open) -> Result<(), Fault> {
    let done = tree::hash_file(&blob.path).and_then(|hash| {
        if hash != blob.sha256 {
            return Ok(false);
        }
        blob.file.sync_data()?;
        std::fs::rename(&blob.path, store.blob(&blob.sha256))?;
        Ok(true)
    });
    match done {
        Ok(true) => Ok(()),
        Ok(false) => {
            let _ = std::fs::remove_file(&blob.path);
            Err(mismatch(&blob.sha256, "are others"))
        }
        Err(e) => Err(store.fault(&blob.path, &e)),
    }
}
