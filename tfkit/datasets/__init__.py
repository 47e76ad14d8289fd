"""The books' data sets: an offline sample of each, and the original files."""

from tfkit.datasets.book_script import book_script as book_script
from tfkit.datasets.california_housing import california_housing as california_housing
from tfkit.datasets.cifar10 import cifar10 as cifar10
from tfkit.datasets.credit_card import credit_card as credit_card
from tfkit.datasets.dates import dates as dates
from tfkit.datasets.describe import describe as describe
from tfkit.datasets.fashion_mnist import fashion_mnist as fashion_mnist
from tfkit.datasets.gtsrb import gtsrb as gtsrb
from tfkit.datasets.imdb_reviews import imdb_reviews as imdb_reviews
from tfkit.datasets.jsb_chorales import jsb_chorales as jsb_chorales
from tfkit.datasets.kepler import kepler as kepler
from tfkit.datasets.mnist import mnist as mnist
from tfkit.datasets.quickdraw import quickdraw as quickdraw
from tfkit.datasets.reber import reber as reber
from tfkit.datasets.retailrocket import retailrocket as retailrocket
from tfkit.datasets.series import series as series
from tfkit.datasets.stocks import stocks as stocks
from tfkit.datasets.tiny_shakespeare import tiny_shakespeare as tiny_shakespeare
from tfkit.datasets.translations import translations as translations
