/* interval_parts: what the two files of interval share and nobody else sees. */
#ifndef SOTTO_FLEET_INTERVAL_PARTS_H
#define SOTTO_FLEET_INTERVAL_PARTS_H

/* The quantile z of a standard normal, stretched to a distribution of variance 1 with this third
 * and fourth cumulant (Cornish and Fisher 1938, to second order). */
double interval_stretch(double z, double skew, double kurtosis);

#endif
