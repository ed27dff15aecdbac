"""What a file is that is no safetensors file: told by the end of its name or by its first bytes."""

PICKLE = "a pickle, which can run code when opened; convert it to safetensors with the tool that made it"
UNPACK = "an archive; unpack it and add the .safetensors file inside"
TEXT = "a text file; add the .safetensors file that belongs to it"
# What a file is, by the end of its name.
SUFFIXES = {
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"), PICKLE),
    ".gguf": "a GGUF file of llama.cpp, whose weights are quantized; add the .safetensors file that it was "
    "made from",
    ".ggml": "a GGML file of llama.cpp; add the .safetensors file it was made from",
    ".onnx": "an ONNX model, which is a whole network; add a LoRA as a .safetensors file",
    ".npz": "a NumPy archive, as in old MLX versions and latent caches; save the adapter as .safetensors",
    ".npy": "a NumPy array; save the adapter as .safetensors",
    ".h5": "a Keras or HDF5 file; save the adapter as .safetensors",
    ".msgpack": "a Flax file; save the adapter as .safetensors",
    ".tflite": "a TensorFlow Lite model; add a LoRA as a .safetensors file",
    ".zip": "a ZIP file; add it on the Adapters tab, or choose the .safetensors file inside",
    **dict.fromkeys((".7z", ".rar", ".tar", ".gz", ".tgz", ".xz", ".zst"), UNPACK),
    **dict.fromkeys((".json", ".yaml", ".yml", ".toml", ".txt", ".md"), TEXT),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".webp"), "an image; add the adapter's .safetensors file"),
}  # fmt: skip
# What it is under the name of a safetensors file, by its first bytes.
STARTS = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer, not the file itself; download the file from its page",
    ),
    (b"PK", "a pickle or an archive under a safetensors name; it was not opened"),
    (b"\x80", "a pickle or an archive under a safetensors name; it was not opened"),
    (b"GGUF", SUFFIXES[".gguf"]),
    (b"7z\xbc\xaf", UNPACK),
    (b"Rar!", UNPACK),
    (b"\x1f\x8b", UNPACK),
    (b"\x93NUMPY", SUFFIXES[".npy"]),
    (b"\x89HDF", SUFFIXES[".h5"]),
    (b"\x89PNG", SUFFIXES[".png"]),
    (b"\xff\xd8\xff", SUFFIXES[".png"]),
    (b"SQLite format 3", "an SQLite file, as Draw Things stores its models; export it as .safetensors there"),
    (b"<", "a web page, not the file itself (perhaps a login page); download the file again"),
    (b"{", SUFFIXES[".json"]),
)
