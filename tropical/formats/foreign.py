"""Files that are not read: what to do about them, told by their suffixes or by how their content begins."""

from collections.abc import Mapping

_PICKLES = (
    "pickles run code when they are read, so none is: load it where you trust it, then use from_sklearn or from_torch"
)
_KERAS = "Keras files are not read: export the model to .onnx, or write np.savez('net.npz', *model.get_weights())"
_PACKED = "unpack it first"
_GRAPHS = "convert it to .onnx"
_ADVICE: Mapping[str, str] = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".dill", ".sav"), _PICKLES),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    **dict.fromkeys((".gz", ".bz2", ".xz", ".zst", ".zip", ".tar", ".tgz", ".7z"), _PACKED),
    **dict.fromkeys((".pb", ".tflite", ".pt2", ".mlmodel", ".pte"), _GRAPHS),
    ".npy": "one array is no network: write all of them with np.savez('net.npz', W1=..., b1=..., W2=...)",
    ".bin": "if torch.save wrote it, name it .pt",
}
_BEGINNINGS = (
    (b"\x89HDF", (), _KERAS),
    (b"\x1f\x8b", (), f"it is compressed by gzip: {_PACKED}"),
    (b"\x80\x02\x8a\x0al\xfc\x9c", (".pt", ".pth", ".ckpt"), "torch.save wrote it: name it .pt"),
    *((b"\x80" + bytes([protocol]), (), _PICKLES) for protocol in range(2, 6)),
    (b"\x93NUMPY", (), _ADVICE[".npy"]),
    (b"version https://git-lfs", (), "it is a pointer of Git LFS, not the file: git lfs pull fetches that"),
    *((start, (), "it is a web page, not the file") for start in (b"<!", b"<html")),
    (b"{", (".json",), "it looks like a .json file"),
    (b"//", (".nnet",), "it looks like a .nnet file"),
)
_MEMBERS = (
    (b".weights.h5", (), _KERAS),
    (b"data.pkl", (".pt", ".pth", ".ckpt"), "torch.save wrote it: name it .pt"),
    (b".npy", (".npz",), "it looks like a .npz file"),
)


def advice(suffix: str) -> str:
    """What to do about a file with a suffix that no format has; "" if that is not known.

    >>> advice(".pt2")
    'convert it to .onnx'
    """
    return _ADVICE.get(suffix.lower(), "")


def recognised(data: bytes, suffix: str) -> str:
    """What a file is that should be of the format of its suffix, and is not; "" if that is not known.

    >>> recognised(b"<!DOCTYPE html>", ".onnx")
    'it is a web page, not the file'
    """
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data):
        signs = [(b"", (".safetensors",), "it looks like a .safetensors file")]
    elif data.startswith(b"PK\x03\x04"):
        signs = [sign for sign in _MEMBERS if sign[0] in data]
    else:
        start = data[:64].lstrip()
        signs = [sign for sign in _BEGINNINGS if start.startswith(sign[0])]
    return next((text for _, own, text in signs[:1] if suffix.lower() not in own), "")
