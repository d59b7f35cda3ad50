//! The file of a user import job as it travels: in memory, in pieces that are wiped when the last
//! holder drops them, and never on disk. Knows nothing of rows; `bulk-import` writes it.

use std::convert::Infallible;
use std::fmt;

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use zeroize::Zeroizing;

/// A whole import file. Clones share the bytes; `Debug` shows the size alone.
#[derive(Clone, Default)]
pub struct ImportFile {
    pieces: Vec<Bytes>,
    length: u64,
}

impl ImportFile {
    /// A file of these pieces, one after the other.
    pub fn of_pieces(pieces: Vec<Zeroizing<Vec<u8>>>) -> ImportFile {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        let pieces = pieces.into_iter().map(Bytes::from_owner).collect();
        ImportFile { pieces, length }
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The request body: piece after piece, without a copy of the whole.
    pub(crate) fn body(&self) -> SdkBody {
        let pieces = self.pieces.clone().into_iter();
        let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
        SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)))
    }
}

impl fmt::Debug for ImportFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImportFile({} bytes)", self.length)
    }
}
