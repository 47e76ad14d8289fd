"""How the features of an example are stored in a TFRecord, and decoded by the batch."""

import functools
import math

import numpy as np
import tensorflow as tf

from tfkit._checks import check_one_of

KINDS = ("float", "int", "string", "tensor", "jpeg", "png")
_MAGIC = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
_DTYPES = {"float": tf.float32, "int": tf.int64, "string": tf.string}
_TO_THE_END = 2**31 - 1
# `tf.io.decode_raw` lacks these: their bits are read as signed integers.
_SIGNED = {"uint32": tf.int32, "uint64": tf.int64}


class Feature:
    """One feature of every example: its kind, element type and shape.

    Args:
        name: Name of the feature.
        kind: One of `KINDS`.
        dtype: Name of the element type that reading gives back.
        shape: Tuple of sizes. A None stands for a size that varies.
    """

    def __init__(self, name, kind, dtype, shape):
        self.name, self.kind, self.dtype, self.shape = name, kind, dtype, tuple(shape)

    @classmethod
    def of(cls, name, value, kind=None, ragged=False):
        """Returns the feature that fits one example's value."""
        if kind is not None:
            check_one_of(f"kinds[{name!r}]", kind, KINDS)
        if kind in _MAGIC and isinstance(value, bytes):
            return cls(name, kind, "uint8", (None, None, 3))
        array = np.asarray(value)
        fits = {
            "float": array.dtype.kind == "f",
            "int": array.dtype.kind in "biu" and array.dtype != np.uint64,
            "string": array.dtype.kind in "USO",
            "tensor": array.dtype.kind in "biufc",
            "jpeg": array.dtype == np.uint8 and array.ndim in (2, 3),
            "png": array.dtype in (np.uint8, np.uint16) and array.ndim in (2, 3),
        }
        if kind is None:
            # float64 in a float list, and bytes in an integer list, would lose
            # precision or take twice the space.
            compact = array.dtype == np.float64 or (
                array.dtype == np.uint8 and array.ndim
            )
            kinds = ("float", "int", "string", "tensor")
            kind = next(
                (k for k in kinds if fits[k] and not (compact and k != "tensor")), None
            )
        if kind is None or not fits[kind]:
            raise TypeError(
                f"Feature {name!r} cannot be stored as {kind or KINDS}. "
                f"Received: {array.dtype} of shape {array.shape}"
            )
        if ragged and (kind not in _DTYPES or array.ndim != 1):
            raise ValueError(
                f"Ragged feature {name!r} must be a one-dimensional list of numbers or "
                f"strings. Received: kind={kind!r}, shape={array.shape}"
            )
        dtype = "string" if kind == "string" else array.dtype.name
        if kind == "float" and array.dtype == np.float64:
            dtype = "float32"
        return cls(name, kind, dtype, (None,) if ragged else array.shape)

    def to_json(self):
        return {"kind": self.kind, "dtype": self.dtype, "shape": list(self.shape)}

    def encode(self, value, index):
        """Returns the `tf.train.Feature` of the value of example number `index`."""
        if self.kind in _MAGIC:
            return _bytes([self._encode_image(value, index)])
        array = np.asarray(value)
        if array.shape != self.shape and (
            self.shape != (None,) or len(array.shape) != 1
        ):
            raise ValueError(
                f"Feature {self.name!r} of example {index} must have the shape "
                f"{self.shape}, as the first one; name it in `ragged` if its length "
                f"varies. Received: {array.shape}"
            )
        if self.kind == "string":
            return _bytes([_encoded(item, self.name, index) for item in array.flat])
        if array.dtype != self._numpy_dtype:
            array = self._cast(array, index)
        if self.kind == "float":
            return tf.train.Feature(float_list={"value": array.ravel().tolist()})
        if self.kind == "int":
            integers = array.astype(np.int64, copy=False)  # booleans are refused
            return tf.train.Feature(int64_list={"value": integers.ravel().tolist()})
        return _bytes([self._head + array.tobytes()])

    @functools.cached_property
    def _numpy_dtype(self):
        return np.dtype(self.dtype)

    def _cast(self, array, index):
        if array.size and not np.can_cast(array.dtype, self._numpy_dtype, "same_kind"):
            raise TypeError(
                f"Feature {self.name!r} of example {index} must be {self.dtype}, as "
                f"the first one. Received: {array.dtype}"
            )
        return array.astype(self._numpy_dtype)

    @functools.cached_property
    def _head(self):
        """What `tf.io.serialize_tensor` writes before the elements.

        For one type and shape it is constant. So payloads are made without running an
        operation, and a whole batch is decoded by `decode_raw`, while
        `tf.io.parse_tensor` takes one at a time.
        """
        zeros = np.zeros(self.shape, self.dtype)
        with tf.init_scope():  # a value, also while a graph is traced
            serialized = tf.io.serialize_tensor(tf.constant(zeros)).numpy()
        return serialized[: len(serialized) - zeros.nbytes]

    def _encode_image(self, value, index):
        if isinstance(value, bytes):
            if not value.startswith(_MAGIC[self.kind]):
                raise ValueError(
                    f"Feature {self.name!r} of example {index} must be a "
                    f"{self.kind.upper()} image. Received: {value[:8]!r}..."
                )
            return value
        array = np.asarray(value)
        if array.dtype != self.dtype or array.ndim != len(self.shape):
            raise ValueError(
                f"Feature {self.name!r} of example {index} must be an image of "
                f"{self.dtype} and rank {len(self.shape)}, as the first one. "
                f"Received: {array.dtype} of shape {array.shape}"
            )
        if array.shape != self.shape:
            if array.shape[2:] != self.shape[2:]:
                raise ValueError(
                    f"Feature {self.name!r} of example {index} must have "
                    f"{self.shape[2:]} channels. Received: {array.shape[2:]}"
                )
            self.shape = (None, None, *self.shape[2:])
        image = array[..., None] if array.ndim == 2 else array
        if self.kind == "jpeg":
            return tf.io.encode_jpeg(image, quality=95).numpy()
        return tf.io.encode_png(image).numpy()

    def decoded_bytes(self, image_size):
        """Returns roughly how many bytes one decoded value takes."""
        if None not in self.shape:
            sizes = self.shape
        elif self.kind in _MAGIC:
            sizes = (*image_size, *self.shape[2:])
        else:
            sizes = (100,)
        width = 32 if self.kind == "string" else self._numpy_dtype.itemsize
        return math.prod(sizes) * width

    def spec(self):
        """Returns what `tf.io.parse_example` needs to know."""
        if self.kind not in _DTYPES:
            return tf.io.FixedLenFeature((), tf.string)
        if self.shape == (None,):
            return tf.io.RaggedFeature(_DTYPES[self.kind], row_splits_dtype=tf.int64)
        return tf.io.FixedLenFeature(self.shape, _DTYPES[self.kind])

    def decode(self, value, image_size):
        """Decodes a batch, as `tf.io.parse_example` returns it."""
        if self.kind in ("float", "int"):
            return (
                value if value.dtype.name == self.dtype else tf.cast(value, self.dtype)
            )
        if self.kind == "string":
            return value
        batch = value.shape[0]
        if self.kind == "tensor":
            content = tf.strings.substr(value, len(self._head), _TO_THE_END)
            wide = _SIGNED.get(self.dtype)
            elements = tf.io.decode_raw(content, wide or self.dtype)
            if wide:
                elements = tf.bitcast(elements, self.dtype)
        else:
            elements = self._decode_images(value, image_size)
        shape = self.shape
        if None in shape:
            shape = (*image_size, *shape[2:])
        decoded = tf.reshape(elements, (-1, *shape))
        return tf.ensure_shape(decoded, (batch, *shape))

    def _decode_images(self, value, image_size):
        channels = self.shape[2] if len(self.shape) == 3 else 1
        dtype = tf.as_dtype(self.dtype)

        def decode(payload):
            if self.kind == "jpeg":
                image = tf.io.decode_jpeg(payload, channels)
            else:
                image = tf.io.decode_png(payload, channels, dtype)
            if None in self.shape:
                image = tf.image.resize(image, image_size, antialias=True)
                image = tf.saturate_cast(tf.round(image), dtype)
            return image

        return tf.map_fn(decode, value, fn_output_signature=dtype)


def _bytes(values):
    return tf.train.Feature(bytes_list={"value": values})


def _encoded(item, name, index):
    if isinstance(item, str):
        return item.encode("utf-8")
    if isinstance(item, bytes):
        return bytes(item)
    raise TypeError(
        f"Feature {name!r} of example {index} must hold strings. Received: {item!r}"
    )
