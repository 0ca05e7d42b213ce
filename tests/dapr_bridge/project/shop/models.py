"""What the shop's consumers write. Nothing here is unique, so that an effect applied twice shows."""

from django.db import models


class Order(models.Model):
    """The row that writers of one subject lock before they enqueue."""

    subject = models.CharField(max_length=100, unique=True)
    number = models.IntegerField(default=0)  # of the last event

    def __str__(self) -> str:
        return self.subject


class Entry(models.Model):
    """One effect of one consumer, in the order of `id`."""

    consumer = models.CharField(max_length=20)
    event_id = models.UUIDField()
    subject = models.CharField(max_length=100)
    number = models.IntegerField()
    order = models.ForeignKey(Order, null=True, on_delete=models.CASCADE)  # deferred: a wrong one fails at COMMIT

    def __str__(self) -> str:
        return f"{self.consumer} {self.subject} {self.number}"
