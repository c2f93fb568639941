#!/usr/bin/python3
"""Writes lists of places that people like, for the pack builder's figures at size: one user a line, a
fifth of each list apart as the test. The same arguments give the same bytes.

    lists.py [--seed N] [--users N] [--items N] [--mean N] [--towns N] [--noise X] TRAIN TEST

Towns and the places within one are popular by a power law. A person lives in one, travels to a few, and
has a taste for two of twelve kinds of place; the share NOISE of what they like is from anywhere. Lists have
10 to 800 places, log-normal, MEAN before both ends are cut.
"""
import argparse
import bisect
import itertools
import random

KINDS = 12


def weighted(dice, sums):
    """An index, each as likely as its part of the running sums."""
    return min(bisect.bisect(sums, dice.random() * sums[-1]), len(sums) - 1)


class Country:
    def __init__(self, dice, items, towns):
        self.dice = dice
        sizes = list(itertools.accumulate(1 / (k + 3) ** 0.9 for k in range(towns)))
        self.places = [[] for _ in range(towns)]
        for item in range(items):
            self.places[weighted(dice, sizes)].append(item)
        self.kind = [dice.randrange(KINDS) for _ in range(items)]
        self.popularity = {}
        for town, places in enumerate(self.places):
            if places:
                dice.shuffle(places)
                self.popularity[town] = [1 / (n + 2) ** 0.75 for n in range(len(places))]
        self.towns = [town for town in self.popularity if len(self.places[town]) >= 12]
        self.town_sums = list(itertools.accumulate(len(self.places[t]) ** 0.9 for t in self.towns))
        self.all = [place for town in self.towns for place in self.places[town]]
        self.all_sums = list(itertools.accumulate(p for town in self.towns for p in self.popularity[town]))
        self.sums = {}

    def town(self):
        return self.towns[weighted(self.dice, self.town_sums)]

    def anywhere(self):
        return self.all[weighted(self.dice, self.all_sums)]

    def place(self, town, tastes):
        places = self.places[town]
        if (town, tastes) not in self.sums:
            self.sums[town, tastes] = list(
                itertools.accumulate(
                    p * (4.0 if self.kind[place] in tastes else 1) for place, p in zip(places, self.popularity[town])
                )
            )
        return places[weighted(self.dice, self.sums[town, tastes])]


def person(country, mean, noise):
    """What one person likes, in the order of a shuffle."""
    dice = country.dice
    wanted = max(10, min(800, int(dice.lognormvariate(0, 1.0) * mean / 1.65)))
    home = country.town()
    trips = [country.town() for _ in range(dice.randrange(1, 5))]
    tastes = tuple(sorted(dice.sample(range(KINDS), 2)))
    liked, tries = {}, 0
    while len(liked) < wanted and tries < wanted * 20:
        tries += 1
        x = dice.random()
        if x < noise:
            place = country.anywhere()
        else:
            place = country.place(home if x < 0.7 else dice.choice(trips), tastes)
        liked[place] = None
    liked = list(liked)
    dice.shuffle(liked)
    return liked


def main():
    parser = argparse.ArgumentParser(description="lists of places that people like")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--users", type=int, default=30000)
    parser.add_argument("--items", type=int, default=41000)
    parser.add_argument("--mean", type=float, default=36)
    parser.add_argument("--towns", type=int, default=300)
    parser.add_argument("--noise", type=float, default=0.1)
    parser.add_argument("train")
    parser.add_argument("test")
    o = parser.parse_args()
    country = Country(random.Random(o.seed), o.items, o.towns)
    with open(o.train, "w", encoding="ascii") as train, open(o.test, "w", encoding="ascii") as test:
        for user in range(o.users):
            liked = person(country, o.mean, o.noise)
            held = max(1, len(liked) // 5)
            train.write(" ".join(map(str, [user] + liked[held:])) + "\n")
            test.write(" ".join(map(str, [user] + liked[:held])) + "\n")


if __name__ == "__main__":
    main()
