/* All detectors. A record is offered to them in this order. */
#include "detect/detect.h"

const detector *const detectors[] = {
    NULL,
};
